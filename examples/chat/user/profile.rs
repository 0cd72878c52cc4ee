//! What others may know of one user, as a value that never changes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A connection's number, never used twice: its upper half tells the life of its server, the lower counts.
pub type ClientId = u128;

/// The number of the connection that comes as `count` to the server of that life.
pub fn client_id(life: u64, count: u64) -> ClientId {
    ClientId::from(life) << 64 | ClientId::from(count)
}

/// One user at one time. Its connection owns the truth, and gives a new profile to the directory and to its rooms when
/// something about it changes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Profile {
    /// As its owner spells it.
    pub nick: String,
    /// From USER.
    pub user: String,
    /// The address that it comes from.
    pub host: String,
    /// The server that it is connected to.
    pub server: Arc<str>,
    /// From USER or SETNAME.
    pub realname: String,
    /// Set while away.
    pub away: Option<String>,
    /// Mode `o`.
    pub operator: bool,
    /// Mode `i`: not found by those who share no channel.
    pub invisible: bool,
    /// Mode `w`.
    pub wallops: bool,
    /// Connected by TLS.
    pub secure: bool,
}

impl Profile {
    /// `nick!user@host`.
    pub fn source(&self) -> String {
        format!("{}!{}@{}", self.nick, self.user, self.host)
    }

    /// User modes, as MODE shows them.
    pub fn modes(&self) -> String {
        let flags = [(self.invisible, 'i'), (self.operator, 'o'), (self.wallops, 'w')];
        std::iter::once('+')
            .chain(flags.into_iter().filter(|(on, _)| *on).map(|(_, letter)| letter))
            .collect()
    }

    /// The first part of WHO's flags: here or gone, operator.
    pub fn who_flags(&self) -> String {
        let mut flags = String::from(if self.away.is_some() { "G" } else { "H" });
        if self.operator {
            flags.push('*');
        }
        flags
    }
}

/// An address as it can stand in a line: a parameter must not begin with a colon, as `::1` would.
pub fn host_of(address: std::net::IpAddr) -> String {
    let text = address.to_canonical().to_string();
    if text.starts_with(':') {
        format!("0{text}")
    } else {
        text
    }
}

#[cfg(test)]
impl Profile {
    /// Somebody of that nick, of whom nothing else matters.
    pub(crate) fn of(nick: &str) -> Arc<Self> {
        Arc::new(Self {
            nick: nick.to_owned(),
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_good_parameters() {
        assert_eq!(host_of("::1".parse().unwrap()), "0::1");
        assert_eq!(host_of("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1");
    }

    #[test]
    fn modes_and_flags_are_written_in_one_order() {
        let profile = Profile {
            operator: true,
            wallops: true,
            away: Some("x".to_owned()),
            ..Profile::default()
        };
        assert_eq!((profile.modes().as_str(), profile.who_flags().as_str()), ("+ow", "G*"));
    }
}
