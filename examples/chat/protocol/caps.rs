//! IRCv3 capabilities: which exist here, and how a client asks for them.

/// A set of capabilities, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps(pub u32);

macro_rules! caps {
    ($($constant:ident = $bit:literal $name:literal),* $(,)?) => {
        impl Caps {
            $(#[doc = concat!("`", $name, "`.")] pub const $constant: Caps = Caps(1 << $bit);)*
        }
        /// Everything that is offered, by name.
        pub const OFFERED: &[(&str, Caps)] = &[$(($name, Caps::$constant)),*];
    };
}

caps! {
    AWAY_NOTIFY = 0 "away-notify",
    BATCH = 1 "batch",
    CAP_NOTIFY = 2 "cap-notify",
    ECHO_MESSAGE = 3 "echo-message",
    EXTENDED_JOIN = 4 "extended-join",
    INVITE_NOTIFY = 5 "invite-notify",
    LABELED_RESPONSE = 6 "labeled-response",
    MESSAGE_TAGS = 7 "message-tags",
    MULTI_PREFIX = 8 "multi-prefix",
    SERVER_TIME = 9 "server-time",
    SETNAME = 10 "setname",
    STANDARD_REPLIES = 11 "standard-replies",
    USERHOST_IN_NAMES = 12 "userhost-in-names",
    SERVERS = 13 "actor-chat/servers",
}

impl Caps {
    /// Whether all of `wanted` is in the set.
    pub fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The set with `more` in it.
    #[must_use]
    pub fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// The names in the set, blanks between them.
    pub fn names(self) -> String {
        let names: Vec<&str> = OFFERED
            .iter()
            .filter(|(_, cap)| self.has(*cap))
            .map(|(name, _)| *name)
            .collect();
        names.join(" ")
    }

    /// The set after `CAP REQ :request`, or `None` if any of it cannot be: a request is granted whole or not at all.
    /// `cap-notify` cannot be dropped by one who negotiates with version 302.
    pub fn requested(self, request: &str, version: u32) -> Option<Self> {
        let mut caps = self;
        for word in request.split(' ').filter(|word| !word.is_empty()) {
            let (name, wanted) = word.strip_prefix('-').map_or((word, true), |name| (name, false));
            let (_, cap) = OFFERED.iter().find(|(offered, _)| *offered == name)?;
            if wanted {
                caps.0 |= cap.0;
            } else if *cap == Self::CAP_NOTIFY && version >= 302 {
                return None;
            } else {
                caps.0 &= !cap.0;
            }
        }
        Some(caps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_granted_whole_or_not_at_all() {
        let none = Caps::default();
        assert_eq!(none.requested("multi-prefix foo", 302), None);
        let some = none.requested("multi-prefix server-time", 302).unwrap();
        assert_eq!(some.names(), "multi-prefix server-time");
        assert_eq!(some.requested("-server-time", 302), Some(Caps::MULTI_PREFIX));
    }

    #[test]
    fn cap_notify_stays_with_a_modern_client() {
        assert_eq!(Caps::CAP_NOTIFY.requested("-cap-notify", 302), None);
        assert_eq!(Caps::CAP_NOTIFY.requested("-cap-notify", 0), Some(Caps::default()));
    }
}
