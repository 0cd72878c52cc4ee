//! Supervision held against a model that was written from Erlang/OTP's documents and not from our code.
//!
//! `rules` holds the decisions, each with the section it comes from, and our deviations by name; `model` plays them on a
//! clock of its own; `world` does the same things to real actors on the paused clock, and `story` is what is done. The
//! matrix goes through every cell of a table, and the trees through random ones.

mod matrix;
mod model;
mod rules;
mod story;
mod trees;
mod world;

use story::{Seen, Story};

/// Has a story happen to real actors, on a paused clock of its own.
fn play(story: &Story, given: &[bool]) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(world::play(story, given))
}

/// Both traces side by side, from the first line that differs.
fn complaint(expected: &Seen, seen: &Seen) -> String {
    let mut words = String::from("time       by the model                                       in truth\n");
    let mut at = (expected.trace.iter().peekable(), seen.trace.iter().peekable());
    loop {
        let (ours, theirs) = (at.0.peek().copied(), at.1.peek().copied());
        let (time, left, right, differs) = match (ours, theirs) {
            (None, None) => break,
            (Some(a), Some(b)) if a == b => (a.0, &*a.1, &*a.1, false),
            (Some(a), Some(b)) if a < b => (a.0, &*a.1, "", true),
            (Some(a), None) => (a.0, &*a.1, "", true),
            (_, Some(b)) => (b.0, "", &*b.1, true),
        };
        let mark = if differs { '!' } else { ' ' };
        words.push_str(&format!("{mark} {time:>8} {left:<50} {right}\n"));
        if !left.is_empty() {
            at.0.next();
        }
        if !right.is_empty() {
            at.1.next();
        }
    }
    let dead = (expected.dead, seen.dead);
    if dead.0 != dead.1 {
        let words_of = |[stopped, restarted, killed]: [u64; 3]| {
            format!("{stopped} stopped, {restarted} restarted, {killed} killed")
        };
        words.push_str(&format!(
            "dead letters by the model: {}; in truth: {}\n",
            words_of(dead.0),
            words_of(dead.1)
        ));
    }
    words
}
