//! Who may come in, and who may speak.

use super::refusal::Refusal;
use super::roster::Channel;
use crate::protocol::mode::{Flag, ListKind};
use crate::user::profile::{ClientId, Profile};

impl<P> Channel<P> {
    /// Whether somebody may come in with `key`. An operator's invitation opens every door, another member's only `+i`.
    ///
    /// # Errors
    /// The first rule that forbids it.
    pub fn admits(&self, id: ClientId, profile: &Profile, key: Option<&str>) -> Result<(), Refusal> {
        let invitation = self.invitation(id);
        if invitation == Some(true) {
            return Ok(());
        }
        let source = profile.source();
        if self.charter.key.as_deref().is_some_and(|wanted| key != Some(wanted)) {
            return Err(Refusal::WrongKey);
        }
        if self.charter.has(Flag::InviteOnly)
            && invitation.is_none()
            && !self.charter.lists(ListKind::Invitation, &source)
        {
            return Err(Refusal::InviteOnly);
        }
        if self.charter.bans(&source) {
            return Err(Refusal::Banned);
        }
        if self.charter.limit.is_some_and(|limit| self.len() >= limit as usize) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// Whether somebody may speak.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn hears(&self, id: ClientId, profile: &Profile) -> Result<(), Refusal> {
        let member = self.member(id);
        if member.is_none() && self.charter.has(Flag::NoExternal) {
            return Err(Refusal::Mute("+n"));
        }
        if member.is_some_and(|member| member.operator || member.voice) {
            return Ok(());
        }
        if self.charter.has(Flag::Moderated) {
            return Err(Refusal::Mute("+m"));
        }
        if self.charter.list(ListKind::Ban).next().is_some() && self.charter.bans(&profile.source()) {
            return Err(Refusal::Mute("+b"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::channel::charter::Charter;
    use crate::protocol::mode::Change;

    fn person(nick: &str) -> Profile {
        Profile {
            nick: nick.to_owned(),
            user: "u".to_owned(),
            host: "h".to_owned(),
            ..Profile::default()
        }
    }

    fn channel(changes: &[Change]) -> Channel<()> {
        let mut channel = Channel::new("#c".to_owned(), Charter::new(0));
        channel.enter(1, Arc::new(person("op")), ());
        for change in changes {
            channel.charter.change(change, "op", 0, 9);
        }
        channel
    }

    #[test]
    fn each_lock_refuses_by_its_own_name() {
        let guest = person("guest");
        let ban = Change::List(true, ListKind::Ban, "guest!*@*".to_owned());
        for (change, refusal) in [
            (Change::Key(Some("k".to_owned())), Refusal::WrongKey),
            (Change::Flag(true, Flag::InviteOnly), Refusal::InviteOnly),
            (ban, Refusal::Banned),
            (Change::Limit(Some(1)), Refusal::Full),
        ] {
            let mut channel = channel(&[change]);
            assert_eq!(channel.admits(2, &guest, None), Err(refusal));
            channel.invite(1, 2, "guest", 9).unwrap();
            assert_eq!(channel.admits(2, &guest, None), Ok(()));
        }
        assert_eq!(
            channel(&[Change::Key(Some("k".to_owned()))]).admits(2, &guest, Some("k")),
            Ok(())
        );
    }

    #[test]
    fn an_invitation_exception_opens_only_the_invite_lock() {
        let exception = Change::List(true, ListKind::Invitation, "guest!*@*".to_owned());
        let channel = channel(&[Change::Flag(true, Flag::InviteOnly), exception]);
        assert_eq!(channel.admits(2, &person("guest"), None), Ok(()));
        assert_eq!(channel.admits(3, &person("other"), None), Err(Refusal::InviteOnly));
    }

    #[test]
    fn who_may_speak_depends_on_rank() {
        let mut channel = channel(&[Change::Flag(true, Flag::Moderated)]);
        channel.enter(2, Arc::new(person("guest")), ());
        assert_eq!(channel.hears(1, &person("op")), Ok(()));
        assert_eq!(channel.hears(2, &person("guest")), Err(Refusal::Mute("+m")));
        assert_eq!(channel.hears(3, &person("other")), Err(Refusal::Mute("+n")));
        channel.member_mut(2).unwrap().voice = true;
        assert_eq!(channel.hears(2, &person("guest")), Ok(()));
    }

    #[test]
    fn the_banned_are_silent_even_inside() {
        let mut channel = channel(&[Change::List(true, ListKind::Ban, "*!*@*".to_owned())]);
        channel.enter(2, Arc::new(person("guest")), ());
        assert_eq!(channel.hears(2, &person("guest")), Err(Refusal::Mute("+b")));
    }
}
