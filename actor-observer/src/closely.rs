//! The actors that are looked at closely, as the page is told of them.

use std::collections::VecDeque;
use std::time::Duration;

use actor_core::{ActorId, CloseUp, Footage, Inspector};
use serde::Serialize;
use serde_json::{Value, json};

/// One is looked at closely for so long.
const TIME: Duration = Duration::from_secs(10);

/// What was seen of so many is kept, of the last.
const KEPT_MAX: usize = 8;

/// What was seen of those that somebody had looked at closely.
#[derive(Default)]
pub(crate) struct CloseUps(VecDeque<(ActorId, CloseUp)>);

impl CloseUps {
    /// Looks at this actor closely from now on. `false` if there is no such actor any more.
    pub(crate) fn begin(&mut self, inspector: &Inspector, path: &str, id: ActorId) -> bool {
        let Some(seen) = inspector.close_up(path, id, TIME) else {
            return false;
        };
        self.0.retain(|&(other, _)| other != id);
        if self.0.len() == KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back((id, seen));
        true
    }

    /// What was seen of this one.
    pub(crate) fn of(&self, id: ActorId) -> Option<Value> {
        let (_, seen) = self.0.iter().find(|&&(known, _)| known == id)?;
        Some(shown(&seen.read()))
    }
}

#[derive(Serialize)]
struct Kind<'a> {
    name: &'a str,
    handled: u64,
    failed: u64,
    took_ms: f64,
    longest_ms: f64,
}

#[derive(Serialize)]
struct Handled<'a> {
    ago_ms: u64,
    kind: &'a str,
    asked: bool,
    messages: usize,
    took_ms: f64,
    failure: Option<&'a str>,
}

fn shown(footage: &Footage) -> Value {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let kinds = footage.kinds.iter().map(|kind| Kind {
        name: &kind.name,
        handled: kind.handled,
        failed: kind.failed,
        took_ms: ms(kind.took),
        longest_ms: ms(kind.longest),
    });
    let last = footage.last.iter().map(|message| Handled {
        ago_ms: message.ago.as_millis() as u64,
        kind: &message.kind,
        asked: message.asked,
        messages: message.messages,
        took_ms: ms(message.took),
        failure: message.failure.as_deref(),
    });
    json!({
        "left_ms": footage.left.as_millis() as u64,
        "kinds": kinds.collect::<Vec<_>>(),
        "last": last.collect::<Vec<_>>(),
        "in_hand": footage.in_hand.as_ref().map(|(kind, time)| json!({ "kind": kind, "took_ms": ms(*time) })),
    })
}
