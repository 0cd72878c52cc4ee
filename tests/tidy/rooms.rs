//! What one file has to be: a purpose in its first line, a size, and for some of them purity.

use super::source::{Source, line_of, words};

const CODE_LINES_MAX: usize = 400;

/// Decisions without a clock, without chance, without a runtime; a folder ends in `/`.
const PURE: &[&str] = &[
    "actor-core/src/pool/choice.rs",
    "actor-core/src/scheduler/deadlines.rs",
    "actor-core/src/scheduler/queue.rs",
    "actor-core/src/spawn/ending.rs",
    "actor-core/src/supervision/backoff.rs",
    "actor-core/src/supervision/policy.rs",
    "actor-core/src/supervision/strategy.rs",
    "actor-core/src/supervision/window.rs",
    "actor-net/src/cluster/sought.rs",
    "actor-net/src/group/interests.rs",
    "actor-net/src/names/claims.rs",
    "actor-net/src/membership/",
    "actor-net/src/peer/budget.rs",
    "actor-net/src/peer/callers.rs",
    "actor-net/src/peer/datagram.rs",
    "actor-net/src/peer/endings.rs",
    "actor-net/src/peer/exports.rs",
    "actor-net/src/peer/handshake.rs",
    "actor-net/src/peer/heartbeat.rs",
    "actor-net/src/peer/late.rs",
    "actor-net/src/peer/outbox.rs",
    "actor-net/src/peer/packing.rs",
    "actor-net/src/peer/reassembly.rs",
    "actor-net/src/peer/roster.rs",
    "actor-net/src/peer/sequence.rs",
    "actor-net/src/peer/session.rs",
    "actor-net/src/presence/roll.rs",
    "actor-net/src/share.rs",
    "actor-net/src/share/delta.rs",
    "actor-net/src/share/exchange.rs",
    "actor-net/src/share/mirror.rs",
    "actor-net/src/share/own.rs",
    "actor-net/src/share/service.rs",
    "actor-net/src/share/text.rs",
    "actor-net/src/wire/",
    "actor-wire/src/",
    "examples/chat/protocol/",
    "tests/otp/model.rs",
    "tests/otp/model/",
    "tests/otp/rules.rs",
];

const IMPURE: [&str; 9] = [
    "tokio",
    "Instant::now",
    "SystemTime::now",
    "rand",
    "Mutex",
    "RwLock",
    "async",
    "await",
    "thread",
];

pub(super) fn without_purpose(file: &Source) -> Option<String> {
    let mut lines = file.text.lines();
    let first = lines.next().unwrap_or_default();
    let Some(words) = first.strip_prefix("//! ") else {
        return Some(format!("{}: begins with {first:?}", file.path));
    };
    let mut sentence = words.to_owned();
    for line in lines.map_while(|line| line.strip_prefix("//! ")) {
        sentence.push(' ');
        sentence.push_str(line);
    }
    let whole = sentence.contains(['.', ':', ';']) && sentence.split_whitespace().count() >= 3;
    (!whole).then(|| format!("{}: no sentence: {sentence:?}", file.path))
}

pub(super) fn too_long(file: &Source) -> Option<String> {
    let lines = file.code_lines();
    (lines > CODE_LINES_MAX).then(|| format!("{}: {lines} lines of code, {CODE_LINES_MAX} at most", file.path))
}

pub(super) fn left_for_later(file: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for mark in ["todo!", "unimplemented!", "dbg!", "#[ignore"] {
        for (at, _) in file.code.match_indices(mark) {
            complaints.push(format!("{}:{}: {mark}", file.path, line_of(&file.code, at)));
        }
    }
    complaints
}

pub(super) fn must_be_pure(path: &str) -> bool {
    PURE.iter()
        .any(|pure| path == *pure || pure.ends_with('/') && path.starts_with(pure))
}

pub(super) fn impurities(file: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for word in IMPURE {
        for at in words(&file.shipped, word) {
            complaints.push(format!("{}:{}: {word}", file.path, line_of(&file.shipped, at)));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_sentence_is_caught() {
        assert!(without_purpose(&Source::new("a.rs", "use std::fs;\n")).is_some());
        assert!(without_purpose(&Source::new("a.rs", "//! Things\n")).is_some());
        assert!(without_purpose(&Source::new("a.rs", "\n//! Says what it is for.\n")).is_some());
        assert!(without_purpose(&Source::new("a.rs", "//! Says what\n//! it is for.\n")).is_none());
    }

    #[test]
    fn a_file_of_too_many_lines_is_caught_and_prose_does_not_count() {
        let code = "fn f() {}\n".repeat(CODE_LINES_MAX);
        let prose = "// a reason\n\n".repeat(CODE_LINES_MAX);
        assert!(too_long(&Source::new("a.rs", &format!("{code}{prose}"))).is_none());
        assert!(too_long(&Source::new("a.rs", &format!("{code}fn g() {{}}\n"))).is_some());
    }

    #[test]
    fn unfinished_code_is_caught_and_a_word_about_it_is_not() {
        let text = "fn f() { todo!() }\n#[test]\n#[ignore = \"slow\"]\nfn g() { dbg!(1); }\n// todo! in prose\n";
        assert_eq!(left_for_later(&Source::new("a.rs", text)).len(), 3);
    }

    #[test]
    fn a_pure_file_that_looks_at_the_clock_is_caught_but_for_its_tests() {
        let text = "fn f() { Instant::now(); }\n#[cfg(test)]\nmod tests { fn t0() { Instant::now(); } }\n";
        let found = impurities(&Source::new("a.rs", text));
        assert_eq!(found, ["a.rs:1: Instant::now"]);
        assert!(must_be_pure("examples/chat/protocol/line.rs") && !must_be_pure("examples/chat/room.rs"));
    }
}
