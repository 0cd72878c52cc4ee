//! Servers that hear the same in any order agree.

use super::*;
use crate::protocol::mode::{Flag, ListKind};

fn topic(text: &str) -> Item {
    Item::Topic(Some(Topic {
        text: text.to_owned(),
        by: "op!u@h".to_owned(),
        at_s: 0,
    }))
}

fn setting(change: Change) -> Item {
    Item::Setting(change, "op!u@h".to_owned(), 0)
}

/// What can be decided, each concerning few registers, so that decisions meet.
fn item(chance: &mut fastrand::Rng) -> Item {
    let (set, id) = (chance.bool(), u128::from(chance.u8(..3)));
    match chance.u8(..7) {
        0 => topic(&chance.u8(..9).to_string()),
        1 => setting(Change::Flag(set, [Flag::Moderated, Flag::Secret][chance.usize(..2)])),
        2 => setting(Change::Key(set.then(|| chance.u8(..9).to_string()))),
        3 => setting(Change::Limit(set.then_some(5))),
        4 => setting(Change::List(
            set,
            ListKind::Ban,
            ["a!*@*", "A!*@*", "b!*@*"][chance.usize(..3)].to_owned(),
        )),
        5 => Item::Rank(
            id,
            Stamp::default(),
            [Rank::Operator, Rank::Voice][chance.usize(..2)],
            set,
        ),
        _ => Item::Out(id, Stamp::default(), String::new()),
    }
}

fn merge(into: &mut Accord, from: &Accord) {
    into.hear(from.birth(), from.all());
}

fn merged(left: &Accord, right: &Accord) -> Accord {
    let mut both = left.clone();
    merge(&mut both, right);
    both
}

/// Three servers that decide, of which some began with the same channel.
fn three(chance: &mut fastrand::Rng) -> Vec<Accord> {
    let first = Accord::new(1, 10);
    let mut servers: Vec<Accord> = (1..=3_u64)
        .map(|server| {
            if chance.bool() {
                Accord::born(first.birth())
            } else {
                Accord::new(server, 10 + server)
            }
        })
        .collect();
    for _ in 0..chance.usize(..12) {
        let at = chance.usize(..3);
        let decided = item(chance);
        let stamped = servers[at].decide(at as u64 + 1, chance.u64(..40), [decided]);
        let birth = servers[at].birth();
        // Some of it is heard by another at once.
        if chance.bool() {
            servers[(at + 1) % 3].hear(birth, stamped);
        }
    }
    servers
}

#[test]
fn hearing_is_commutative_associative_and_idempotent() {
    for seed in 0..3_000 {
        let servers = three(&mut fastrand::Rng::with_seed(seed));
        let [a, b, c] = &servers[..] else {
            unreachable!("there are three")
        };
        let same = |left: &Accord, right: &Accord| {
            assert_eq!((left.birth(), left.all()), (right.birth(), right.all()), "seed {seed}");
        };
        same(&merged(a, b), &merged(b, a));
        same(&merged(&merged(a, b), c), &merged(a, &merged(b, c)));
        same(&merged(a, a), a);
        same(&merged(&merged(a, b), b), &merged(a, b));
    }
}

#[test]
fn the_last_word_holds_and_the_older_channel_stays() {
    let mut here = Accord::new(1, 100);
    let mut there = Accord::born(here.birth());
    let first = here.decide(1, 200, [topic("first")]);
    assert_eq!(
        there.hear(here.birth(), first.clone()),
        Heard::Fresh(vec![topic("first")])
    );
    // Its clock is behind, and what it does is later all the same.
    let second = there.decide(2, 150, [topic("second")]);
    assert_eq!(here.hear(there.birth(), second), Heard::Fresh(vec![topic("second")]));
    assert_eq!(here.hear(there.birth(), first), Heard::Fresh(Vec::new()));

    let mut young = Accord::new(3, 300);
    young.decide(
        3,
        900,
        [topic("void"), Item::Rank(9, Stamp::default(), Rank::Operator, true)],
    );
    assert_eq!(here.hear(young.birth(), young.all()), Heard::Younger);
    assert_eq!(
        young.hear(here.birth(), here.all()),
        Heard::Older(vec![topic("second")])
    );
    assert_eq!(young.ranks(9, Stamp::default()).count(), 0);
}

#[test]
fn a_rank_is_that_of_one_stay_and_a_kick_ends_no_later_one() {
    let mut accord = Accord::new(1, 100);
    let (first, second) = (accord.tick(2, 100), accord.tick(2, 101));
    accord.decide(
        1,
        102,
        [
            Item::Rank(7, first, Rank::Voice, true),
            Item::Out(7, first, String::new()),
        ],
    );
    assert_eq!(accord.ranks(7, first).collect::<Vec<_>>(), [(Rank::Voice, true)]);
    assert_eq!(accord.ranks(7, second).count(), 0);
    assert!(accord.is_out(7, first) && !accord.is_out(7, second));
}

#[test]
fn what_is_about_nobody_is_forgotten_at_last() {
    let mut accord = Accord::new(1, 0);
    for id in 0..2_000 {
        accord.decide(1, 0, [Item::Rank(id, Stamp::default(), Rank::Voice, true)]);
        accord.prune(|id| id < 10);
    }
    let known: Vec<ClientId> = (0..2_000)
        .filter(|id| accord.ranks(*id, Stamp::default()).count() > 0)
        .collect();
    assert_eq!(
        (known.len(), known[9], known[10]),
        (10 + SPENT_MAX, 9, 2_000 - SPENT_MAX as ClientId)
    );
}
