//! Names on a bad network: one holder of each in the end, and every loser is told.

use std::collections::BTreeSet;

use super::*;
use crate::share::bad_network::{BadNetwork, TIMING, for_seeds, node_id, nodes_of};

fn claims(id: NodeId) -> Claims {
    Claims::new(Exchange::new(id, TIMING))
}

/// Everything that `from` has to say, heard by `to`.
#[expect(clippy::disallowed_methods, reason = "nothing here depends on the time")]
fn talk(one: &mut Claims, other: &mut Claims) {
    let now = Instant::now();
    let (a, b) = (node_id("a", 1), node_id("b", 2));
    one.exchange.met(&b, now);
    other.exchange.met(&a, now);
    loop {
        one.settle(now);
        other.settle(now);
        let (to_b, to_a) = (one.exchange.who(&b).expect("met"), other.exchange.who(&a).expect("met"));
        if let Some(word) = one.exchange.word_for(to_b) {
            other.exchange.heard(&a, word, now);
        } else if let Some(word) = other.exchange.word_for(to_a) {
            one.exchange.heard(&b, word, now);
        } else {
            return;
        }
    }
}

fn told(claims: &mut Claims) -> Vec<Told> {
    std::iter::from_fn(|| claims.next_told()).collect()
}

#[test]
fn a_name_that_is_held_is_refused_and_one_that_was_released_is_not() {
    let (mut one, mut other) = (claims(node_id("a", 1)), claims(node_id("b", 2)));
    let dot = one.claim("ann", 100).expect("it is free");
    talk(&mut one, &mut other);
    assert_eq!(told(&mut one), [Told::Confirmed(dot)]);
    assert_eq!(other.claim("ann", 50), Err(node_id("a", 1)));
    one.release(dot);
    talk(&mut one, &mut other);
    assert_eq!((one.holder("ann"), other.len()), (None, 0));
    assert!(other.claim("ann", 50).is_ok());
}

#[test]
fn of_two_who_did_not_know_of_one_another_the_earlier_keeps_the_name_and_the_other_is_told() {
    for (first, second, winner) in [(100, 200, "a"), (200, 100, "b"), (100, 100, "a")] {
        let (mut one, mut other) = (claims(node_id("a", 1)), claims(node_id("b", 2)));
        let dots = [
            one.claim("ann", first).expect("it is free"),
            other.claim("ann", second).expect("it is free"),
        ];
        talk(&mut one, &mut other);
        assert_eq!(one.holder("ann"), other.holder("ann"));
        assert_eq!(one.holder("ann").map(|id| id.name.as_str()), Some(winner));
        let (won, lost) = if winner == "a" {
            (&mut one, &mut other)
        } else {
            (&mut other, &mut one)
        };
        let place = usize::from(winner == "a");
        assert_eq!(told(won), [Told::Confirmed(dots[1 - place])]);
        assert!(matches!(told(lost)[..], [Told::Lost(dot, _)] if dot == dots[place]));
    }
}

#[test]
fn a_claim_in_knowledge_of_another_never_takes_its_place_however_wrong_the_clock_is() {
    let (mut one, mut other) = (claims(node_id("a", 1)), claims(node_id("b", 2)));
    let dot = one.claim("ann", 1_000_000).expect("it is free");
    talk(&mut one, &mut other);
    // The node of the first is taken for gone, and the clock of the other is far behind.
    other.exchange.left(&node_id("a", 1));
    #[expect(clippy::disallowed_methods, reason = "nothing here depends on the time")]
    other.settle(Instant::now());
    other.claim("ann", 1).expect("it is free again");
    talk(&mut one, &mut other);
    assert_eq!(other.holder("ann"), Some(&node_id("a", 1)));
    assert_eq!(told(&mut one), [Told::Confirmed(dot)]);
}

/// One who made a claim.
struct Claimer {
    node: NodeId,
    dot: Dot,
    name: String,
}

#[test]
fn whatever_goes_wrong_no_name_has_two_holders_in_the_end_and_every_loser_was_told() {
    for_seeds(2_000, |seed| {
        let nodes = nodes_of(seed);
        let mut network = BadNetwork::new(seed, nodes, claims);
        let mut claimers: Vec<Claimer> = Vec::new();
        for _ in 0..120 {
            let place = network.chance.usize(..nodes);
            let node = network.fellows[place].id.clone();
            match network.chance.u8(..10) {
                0..6 => {
                    let name = format!("n{}", network.chance.u8(..8));
                    let wall = network.chance.u64(..1000);
                    if let Ok(dot) = network.at(place, |claims, _| claims.claim(&name, wall)) {
                        claimers.push(Claimer { node, dot, name });
                    }
                }
                6..8 => {
                    let own: Vec<usize> = (0..claimers.len()).filter(|&at| claimers[at].node == node).collect();
                    if let Some(&at) = network.chance.choice(&own) {
                        let dot = claimers.remove(at).dot;
                        network.at(place, |claims, _| claims.release(dot));
                    }
                }
                8 => network.trouble(),
                _ => {}
            }
            network.step();
            hear(&mut network, &mut claimers);
        }
        network.repair();
        hear(&mut network, &mut claimers);
        // Those whose node has ended have ended with it.
        claimers.retain(|claimer| network.fellows.iter().any(|fellow| fellow.id == claimer.node));
        let names: BTreeSet<&str> = claimers.iter().map(|claimer| claimer.name.as_str()).collect();
        assert_eq!(names.len(), claimers.len(), "two hold one name");
        for fellow in &network.fellows {
            assert_eq!(fellow.service.len(), names.len(), "at {}", fellow.id);
            for claimer in &claimers {
                assert_eq!(
                    fellow.service.holder(&claimer.name),
                    Some(&claimer.node),
                    "at {}",
                    fellow.id
                );
            }
        }
    });
}

/// Takes away those that were told that they lost.
fn hear(network: &mut BadNetwork<Claims>, claimers: &mut Vec<Claimer>) {
    for fellow in &mut network.fellows {
        while let Some(told) = fellow.service.next_told() {
            if let Told::Lost(lost, to) = told {
                assert_ne!(to, fellow.id);
                claimers.retain(|claimer| claimer.node != fellow.id || claimer.dot != lost);
            }
        }
    }
}
