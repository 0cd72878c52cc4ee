//! That mirrors converge whatever reaches them in whatever order: the laws of a join, on random histories.

use proptest::prelude::*;

use super::super::own::Share;
use super::*;

/// One change of a share: something is put, or what stands at this place is taken out.
#[derive(Clone, Copy, Debug)]
enum Step {
    Put(u8),
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![any::<u8>().prop_map(Step::Put), any::<usize>().prop_map(Step::Remove)];
    prop::collection::vec(step, 1..60)
}

/// A share after so many steps, what it was at each version, and what was said of it from each version to each later one.
struct History {
    share: Share<u8>,
    /// By version, from 0.
    truth: Vec<Mirror<u8>>,
    deltas: Vec<Delta<u8>>,
}

fn delta(share: &Share<u8>, known: u64) -> Delta<u8> {
    let (delta, more) = share
        .piece(share.begin(known), usize::MAX)
        .expect("nothing is forgotten");
    assert_eq!(more, None);
    delta
}

fn history(steps: &[Step]) -> History {
    let mut share = Share::new();
    let mut entries: BTreeMap<Dot, u8> = BTreeMap::new();
    let mut truth = vec![Mirror::new()];
    let mut deltas = Vec::new();
    for step in steps {
        match *step {
            Step::Put(value) => {
                let dot = share.put(value);
                entries.insert(dot, value);
            }
            Step::Remove(at) if !entries.is_empty() => {
                let dot = *entries.keys().nth(at % entries.len()).expect("within");
                assert!(share.remove(dot).is_some());
                entries.remove(&dot);
            }
            Step::Remove(_) => continue,
        }
        truth.push(Mirror {
            version: share.version(),
            entries: entries.clone(),
        });
        deltas.extend((0..share.version()).map(|known| delta(&share, known)));
    }
    History { share, truth, deltas }
}

/// The whole state of a mirror as a delta: what another mirror would be told of it.
fn whole(of: &Mirror<u8>) -> Delta<u8> {
    Delta {
        since: 0,
        upto: of.version,
        put: of.entries.iter().map(|(&dot, &value)| (dot, value)).collect(),
        gone: Vec::new(),
    }
}

fn joined(one: &Mirror<u8>, other: &Mirror<u8>) -> Mirror<u8> {
    let mut both = one.clone();
    both.join(whole(other)).expect("a whole state lacks nothing");
    both
}

proptest! {
    #[test]
    fn to_join_two_states_is_commutative_associative_and_idempotent(
        steps in steps(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(), c in any::<prop::sample::Index>(),
    ) {
        let truth = history(&steps).truth;
        let [a, b, c] = [a, b, c].map(|at| at.get(&truth));
        prop_assert_eq!(joined(a, b), joined(b, a));
        prop_assert_eq!(joined(&joined(a, b), c), joined(a, &joined(b, c)));
        prop_assert_eq!(&joined(a, a), a);
    }

    #[test]
    fn deltas_lost_doubled_and_out_of_order_lead_to_a_state_that_was(
        steps in steps(), picked in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let history = history(&steps);
        let mut mirror = Mirror::new();
        for delta in picked.iter().filter(|_| !history.deltas.is_empty()).map(|at| at.get(&history.deltas)) {
            let before = mirror.version();
            let outcome = mirror.join(delta.clone());
            prop_assert_eq!(outcome.is_err(), delta.since > before);
            prop_assert_eq!(&mirror, &history.truth[mirror.version() as usize]);
            prop_assert!(mirror.version() >= before);
        }
        // Whatever it lacks, it is told from where it is.
        mirror.join(delta(&history.share, mirror.version())).expect("it was asked for");
        prop_assert_eq!(&mirror, history.truth.last().expect("version 0 at least"));
    }

    #[test]
    fn what_a_join_tells_of_is_what_changed(steps in steps(), from in any::<prop::sample::Index>()) {
        let history = history(&steps);
        let mut mirror = from.get(&history.truth).clone();
        let mut entries = mirror.entries.clone();
        let Joined { put, gone } = mirror.join(delta(&history.share, mirror.version())).expect("it was asked for");
        for (dot, entry) in gone {
            prop_assert_eq!(entries.remove(&dot), Some(entry));
        }
        for dot in put {
            prop_assert_eq!(entries.insert(dot, mirror.entries[&dot]), None);
        }
        prop_assert_eq!(entries, mirror.entries);
    }

    #[test]
    fn a_delta_that_nobody_would_say_does_no_harm(
        since in any::<u64>(), upto in any::<u64>(), put in prop::collection::vec(any::<(u64, u8)>(), 0..9), gone in prop::collection::vec(any::<u64>(), 0..9),
    ) {
        let mut mirror = history(&[Step::Put(1), Step::Put(2)]).truth.pop().expect("the last");
        let _ = mirror.join(Delta { since, upto, put: put.clone(), gone: gone.clone() });
        let _ = mirror.join(Delta { since: 0, upto: u64::MAX, put: put.clone(), gone: gone.clone() });
        let _ = mirror.join(Delta { since: u64::MAX, upto: u64::MAX, put, gone });
        prop_assert!(mirror.len() <= 20);
    }
}
