//! What others are told of a user, made of what is known of it.

use std::sync::Arc;

use super::profile::Profile;
use crate::protocol::caps::Caps;
use crate::protocol::delivery::Delivery;
use crate::protocol::line::Line;

/// What has changed from one profile to the next, if others are told of that.
pub fn of(before: &Profile, now: &Profile, unix_ms: u64) -> Option<Arc<Delivery>> {
    let line = |command: &str| Line::from(&before.source(), command);
    let (line, needs) = if before.nick != now.nick {
        (line("NICK").param(&now.nick), Caps::default())
    } else if before.away != now.away {
        let away = line("AWAY");
        let away = match &now.away {
            Some(reason) => away.trailing(reason),
            None => away,
        };
        (away, Caps::AWAY_NOTIFY)
    } else if before.realname != now.realname {
        (line("SETNAME").trailing(&now.realname), Caps::SETNAME)
    } else {
        return None;
    };
    Some(Arc::new(Delivery::new(line, unix_ms).needing(needs)))
}

/// That a user has left.
pub fn quit(profile: &Profile, reason: &str, unix_ms: u64) -> Arc<Delivery> {
    let line = Line::from(&profile.source(), "QUIT").trailing(reason);
    Arc::new(Delivery::new(line, unix_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_in_its_own_words() {
        let before = Profile {
            nick: "ann".to_owned(),
            ..Profile::default()
        };
        let told = |change: fn(&mut Profile)| {
            let mut now = before.clone();
            change(&mut now);
            let news = of(&before, &now, 0)?;
            Some(String::from_utf8_lossy(news.body()).trim_end().to_owned())
        };
        assert_eq!(
            told(|now| now.nick = "eve".to_owned()).as_deref(),
            Some(":ann!@ NICK eve")
        );
        assert_eq!(
            told(|now| now.away = Some("out".to_owned())).as_deref(),
            Some(":ann!@ AWAY :out")
        );
        assert_eq!(
            told(|now| now.realname = "A".to_owned()).as_deref(),
            Some(":ann!@ SETNAME :A")
        );
        assert_eq!(told(|now| now.operator = true), None);
    }
}
