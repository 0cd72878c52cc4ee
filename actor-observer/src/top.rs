//! A look as lines of text, for `watch curl` in a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use actor_core::{ChildInfo, DeadLetters, Overview};

/// So many actors of each list are shown.
const SHOWN: usize = 8;

pub(crate) fn text(system: &str, overview: &Overview, dead: &DeadLetters) -> String {
    let totals = &overview.totals;
    let mut text = format!(
        "{system}: {} actors, {} stuck, {} busy, {} ready, {} waiting, {} idle, {} in back-off; {} messages in mailboxes; {:.2} threads at work\n",
        totals.living,
        totals.stuck,
        totals.busy,
        totals.ready,
        totals.waiting,
        totals.idle,
        totals.backing_off,
        totals.messages,
        totals.load,
    );
    let reasons: Vec<String> = dead.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let _ = writeln!(
        text,
        "dead letters: {}",
        if reasons.is_empty() {
            "none".to_owned()
        } else {
            reasons.join(", ")
        }
    );
    let worst = &overview.worst;
    list(&mut text, "longest in one handler", &worst.by_wait, |actor| {
        let on: Vec<String> = actor.waits_for.iter().map(ToString::to_string).collect();
        let on = if on.is_empty() {
            String::new()
        } else {
            format!(" for {}", on.join(", "))
        };
        format!("{} {}{on}", at_least(actor.lasts), actor.activity)
    });
    let waited: Vec<String> = worst
        .by_waiters
        .iter()
        .take(SHOWN)
        .map(|(actor, count)| format!("  {:<48} {count}, {}", actor.path.to_string(), actor.activity))
        .collect();
    if !waited.is_empty() {
        let _ = writeln!(text, "\nmost waited for\n{}", waited.join("\n"));
    }
    list(&mut text, "fullest mailboxes", &worst.by_mailbox, |actor| {
        let bound = actor
            .mailbox_bound
            .map(|bound| format!(" of {bound}"))
            .unwrap_or_default();
        format!(
            "{}{bound}, the oldest {}",
            actor.mailbox_messages,
            at_least(actor.oldest)
        )
    });
    list(&mut text, "busiest", &worst.by_busy, |actor| {
        format!("{:.1} %", actor.busy * 100.0)
    });
    list(&mut text, "most restarts", &worst.by_restarts, |actor| {
        let why = actor
            .last_failure
            .as_ref()
            .map(|why| format!(", last: {why}"))
            .unwrap_or_default();
        format!("{}{why}", actor.restarts)
    });
    text
}

fn list(text: &mut String, title: &str, actors: &[ChildInfo], what: impl Fn(&ChildInfo) -> String) {
    if actors.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for actor in actors.iter().take(SHOWN) {
        let _ = writeln!(text, "  {:<48} {}", actor.path.to_string(), what(actor));
    }
}

/// It is known from below only.
fn at_least(time: Duration) -> String {
    format!(">= {:.1} s", time.as_secs_f64())
}
