//! What the keys do to an actor.

use actor_core::System;
use ratatui::crossterm::event::KeyCode;

use crate::house::{MAILBOX_MESSAGES, Told};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Up,
    Down,
    Quit,
    To(Deed),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Kill,
    Fail,
    Panic,
    Hang,
    Flood,
    Stop,
}

pub(crate) const HELP: &str = "up down: choose  k kill  f fail  p panic  h hang  m flood  s stop  q quit";

pub(crate) fn of_key(key: KeyCode) -> Option<Action> {
    Some(match key {
        KeyCode::Up => Action::Up,
        KeyCode::Down => Action::Down,
        KeyCode::Char('q') | KeyCode::Esc => Action::Quit,
        KeyCode::Char('k') => Action::To(Deed::Kill),
        KeyCode::Char('f') => Action::To(Deed::Fail),
        KeyCode::Char('p') => Action::To(Deed::Panic),
        KeyCode::Char('h') => Action::To(Deed::Hang),
        KeyCode::Char('m') => Action::To(Deed::Flood),
        KeyCode::Char('s') => Action::To(Deed::Stop),
        _ => return None,
    })
}

/// Does it to the appliance with this path, and says what came of it. Nothing here waits.
pub(crate) fn act(system: &System, path: &str, deed: Deed) -> String {
    let Ok(appliance) = system.registry().lookup::<Told>(path) else {
        return format!("{path} is a supervisor: hurt its children");
    };
    let told = |told| match appliance.try_tell(told) {
        Ok(()) => String::new(),
        Err(why) => format!(": {why}"),
    };
    match deed {
        // An order stands whether its `Ending` is awaited or dropped.
        Deed::Kill => drop(appliance.kill()),
        Deed::Stop => drop(appliance.stop()),
        Deed::Fail => return format!("fail {path}{}", told(Told::Fail)),
        Deed::Panic => return format!("panic {path}{}", told(Told::Panic)),
        Deed::Hang => return format!("hang {path}{}", told(Told::Hang)),
        Deed::Flood => {
            let taken = (0..2 * MAILBOX_MESSAGES)
                .filter(|_| appliance.try_tell(Told::Work).is_ok())
                .count();
            return format!("flood {path}: {taken} messages found room");
        }
    }
    format!("{deed:?} {path}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_help_line_does_what_it_says() {
        let deeds = [Deed::Kill, Deed::Fail, Deed::Panic, Deed::Hang, Deed::Flood, Deed::Stop];
        for deed in deeds {
            let name = format!("{deed:?}").to_lowercase();
            let at = HELP.find(&format!(" {name}")).expect("it is in the help line");
            let key = HELP[..at].chars().next_back().expect("its key stands before it");
            assert_eq!(of_key(KeyCode::Char(key)), Some(Action::To(deed)));
        }
        assert_eq!(of_key(KeyCode::Char('x')), None);
    }
}
