//! What the page is told of actors: names that it reads, and nothing of how the framework keeps them.

use actor_core::{
    Activity, ActorDetail, ChildInfo, ChildState, Event, ExitReason, Failure, Happening, KindInfo, Totals,
};
use serde::Serialize;
use serde_json::Value;

#[derive(Serialize)]
pub(crate) struct Actor {
    id: String,
    path: String,
    kind: String,
    state: String,
    /// In a word: which of the colours it has.
    mood: &'static str,
    lasts_ms: u64,
    busy: f32,
    waits_for: Vec<String>,
    restarts: u64,
    failures: u64,
    messages: usize,
    bound: Option<usize>,
    oldest_ms: u64,
    accepted: u64,
    finished: u64,
    last_failure: Option<String>,
    children: usize,
    /// How many wait for it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiters: Option<usize>,
}

impl Actor {
    pub(crate) fn new(info: &ChildInfo) -> Self {
        Self {
            id: info.id.to_string(),
            path: info.path.to_string(),
            kind: short(info.message_type),
            state: state(info),
            mood: mood(info),
            lasts_ms: info.lasts.as_millis() as u64,
            busy: info.busy,
            waits_for: info.waits_for.iter().map(ToString::to_string).collect(),
            restarts: info.restarts,
            failures: info.failures,
            messages: info.mailbox_messages,
            bound: info.mailbox_bound,
            oldest_ms: info.oldest.as_millis() as u64,
            accepted: info.accepted,
            finished: info.finished,
            last_failure: info.last_failure.as_ref().map(chain),
            children: info.child_count,
            waiters: None,
        }
    }

    pub(crate) fn waited_for((info, waiters): &(ChildInfo, usize)) -> Self {
        Self {
            waiters: Some(*waiters),
            ..Self::new(info)
        }
    }

    pub(crate) fn all(infos: &[ChildInfo]) -> Vec<Self> {
        infos.iter().map(Self::new).collect()
    }
}

fn state(info: &ChildInfo) -> String {
    match info.state {
        ChildState::Running => info.activity.to_string(),
        ChildState::Starting | ChildState::Stopping => format!("{}, {}", info.state, info.activity),
        _ => info.state.to_string(),
    }
}

fn mood(info: &ChildInfo) -> &'static str {
    match (info.state, info.activity) {
        (ChildState::BackOff(_) | ChildState::Regrouping, _) => "down",
        (_, Activity::Stuck) => "stuck",
        (ChildState::Starting, _) => "starting",
        (ChildState::Stopping, _) => "stopping",
        (_, Activity::Busy) => "busy",
        (_, Activity::Ready) => "ready",
        (_, Activity::Waiting) => "waiting",
        _ => "idle",
    }
}

#[derive(Serialize)]
pub(crate) struct Detail {
    actor: Actor,
    policy: String,
    strategy: Option<String>,
    budget: Option<String>,
    message_type: &'static str,
    exits: Vec<Exit>,
    names: Vec<String>,
    groups: Vec<String>,
    watched_by: usize,
    watchers: Vec<String>,
    links: Vec<String>,
    closeup: Option<Value>,
}

#[derive(Serialize)]
struct Exit {
    ago_ms: u64,
    reason: String,
}

impl Detail {
    pub(crate) fn new(detail: &ActorDetail, closeup: Option<Value>) -> Self {
        let info = &detail.info;
        let texts = |paths: &[actor_core::ActorPath]| paths.iter().map(ToString::to_string).collect();
        Self {
            actor: Actor::new(info),
            policy: format!("{:?}", info.policy).to_lowercase(),
            strategy: info.strategy.map(|strategy| strategy.to_string()),
            budget: info.budget.map(|budget| {
                let period = budget.period.as_secs_f64();
                format!("{} of {} in {period} s", budget.left, budget.limit)
            }),
            message_type: info.message_type,
            exits: detail
                .exits
                .iter()
                .map(|exit| Exit {
                    ago_ms: exit.ago.as_millis() as u64,
                    reason: reason(&exit.reason),
                })
                .collect(),
            names: detail.names.clone(),
            groups: detail.groups.clone(),
            watched_by: detail.watched_by,
            watchers: texts(&detail.watchers),
            links: texts(&detail.links),
            closeup,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Kind {
    kind: String,
    message_type: &'static str,
    living: usize,
    messages: usize,
    finished: u64,
    load: f32,
    restarts: u64,
}

impl Kind {
    pub(crate) fn new(info: &KindInfo) -> Self {
        Self {
            kind: short(info.message_type),
            message_type: info.message_type,
            living: info.living,
            messages: info.messages,
            finished: info.finished,
            load: info.load,
            restarts: info.restarts,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Sums {
    living: usize,
    idle: usize,
    ready: usize,
    busy: usize,
    stuck: usize,
    waiting: usize,
    starting: usize,
    backing_off: usize,
    stopping: usize,
    messages: usize,
    load: f32,
}

impl Sums {
    pub(crate) fn new(totals: &Totals) -> Self {
        Self {
            living: totals.living,
            idle: totals.idle,
            ready: totals.ready,
            busy: totals.busy,
            stuck: totals.stuck,
            waiting: totals.waiting,
            starting: totals.starting,
            backing_off: totals.backing_off,
            stopping: totals.stopping,
            messages: totals.messages,
            load: totals.load,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Happened {
    number: u64,
    ago_ms: u64,
    path: String,
    what: String,
    is_bad: bool,
}

impl Happened {
    pub(crate) fn new(event: &Event) -> Self {
        let what = match &event.what {
            Happening::Fell(why) => reason(why),
            Happening::Ended(why) => format!("is gone: it {}", reason(why)),
            other => other.to_string(),
        };
        let is_bad = match &event.what {
            Happening::Started { .. } => false,
            Happening::Ended(why) => !why.is_orderly(),
            _ => true,
        };
        Self {
            number: event.number,
            ago_ms: event.ago.as_millis() as u64,
            path: event.path.to_string(),
            what,
            is_bad,
        }
    }
}

fn reason(reason: &ExitReason) -> String {
    match reason {
        ExitReason::Failed(failure) => format!("failed: {}", chain(failure)),
        other => other.to_string(),
    }
}

/// A failure with all that led to it.
fn chain(failure: &Failure) -> String {
    let mut words = failure.to_string();
    let mut cause = failure.cause();
    while let Some(failure) = cause {
        words.push_str(", because ");
        words.push_str(&failure.to_string());
        cause = failure.cause();
    }
    words
}

/// The name of a type without the modules before it, also inside of `<>`.
fn short(name: &str) -> String {
    let mut short = String::new();
    let mut word = 0;
    for (at, letter) in name.char_indices() {
        if !(letter.is_alphanumeric() || letter == '_' || letter == ':') {
            short.push_str(last_part(&name[word..at]));
            short.push(letter);
            word = at + letter.len_utf8();
        }
    }
    short.push_str(last_part(&name[word..]));
    short
}

fn last_part(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_shown_without_its_modules() {
        assert_eq!(short("chat::channel::room::RoomMsg"), "RoomMsg");
        assert_eq!(
            short("core::result::Result<(), a::b::Bad<'_, u8>>"),
            "Result<(), Bad<'_, u8>>"
        );
    }
}
