//! Who is there as each node tells it: diffs one by one, and all of them on a bad network.

use super::*;
use crate::share::Word;
use crate::share::bad_network::{BadNetwork, TIMING, for_seeds, node_id, nodes_of};

const MOVED_WITHIN: Duration = Duration::from_secs(1);

type View = BTreeMap<Arc<str>, Vec<Session<u32>>>;

fn roll(id: NodeId) -> Roll<u32> {
    Roll::new(Exchange::new(id, TIMING), MOVED_WITHIN)
}

fn sorted(mut sessions: Vec<Session<u32>>) -> Vec<Session<u32>> {
    sessions.sort_by(|one, other| (&one.node, one.meta.as_ref()).cmp(&(&other.node, other.meta.as_ref())));
    sessions
}

fn view(roll: &Roll<u32>) -> View {
    roll.list()
        .into_iter()
        .map(|(key, sessions)| (key, sorted(sessions)))
        .collect()
}

/// What a listener knows after a diff; a diff that does not fit what it knows is a fault.
fn follow(view: &mut View, diff: Diff<u32>) {
    fn take(from: &mut Vec<Session<u32>>, what: &[Session<u32>]) {
        for session in what {
            let at = from
                .iter()
                .position(|known| known == session)
                .expect("only what was there leaves");
            from.remove(at);
        }
    }
    for (key, movement) in diff.changes {
        match movement {
            Movement::Joined(sessions) => {
                assert!(!sessions.is_empty());
                assert_eq!(view.insert(key, sorted(sessions)), None, "who joins was not there");
            }
            Movement::Updated { joined, left } => {
                let known = view.get_mut(&key).expect("who is updated was there");
                take(known, &left);
                known.extend(joined);
                *known = sorted(std::mem::take(known));
                assert!(!known.is_empty());
            }
            Movement::Left(sessions) => {
                let mut known = view.remove(&key).expect("who leaves was there");
                take(&mut known, &sessions);
                assert_eq!(known, []);
            }
        }
    }
}

struct Two {
    here: Roll<u32>,
    there: Roll<u32>,
    now: Instant,
}

impl Two {
    #[expect(
        clippy::disallowed_methods,
        reason = "a beginning from which the time of the test is counted"
    )]
    fn new() -> Self {
        Self {
            here: roll(node_id("here", 1)),
            there: roll(node_id("there", 2)),
            now: Instant::now(),
        }
    }

    /// All that there is to say is said, in both directions.
    fn talk(&mut self) {
        let (here, there) = (node_id("here", 1), node_id("there", 2));
        self.here.exchange.met(&there, self.now);
        self.there.exchange.met(&here, self.now);
        let mut words: VecDeque<Option<(bool, Word<Entry<u32>>)>> = VecDeque::from([None]);
        while let Some(word) = words.pop_front() {
            match word {
                Some((true, word)) => self.here.exchange.heard(&there, word, self.now),
                Some((false, word)) => self.there.exchange.heard(&here, word, self.now),
                None => {}
            }
            for (is_here, roll) in [(true, &mut self.here), (false, &mut self.there)] {
                roll.settle(self.now);
                let other = if is_here { &there } else { &here };
                let who = roll.exchange.who(other).expect("it was met");
                while let Some(word) = roll.exchange.word_for(who) {
                    words.push_back(Some((!is_here, word)));
                }
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.here.settle(self.now);
        self.there.settle(self.now);
    }
}

fn names(diff: Option<Diff<u32>>) -> Vec<(String, &'static str)> {
    let changes = diff.into_iter().flat_map(|diff| diff.changes);
    let name = |(key, movement): (Arc<str>, Movement<u32>)| {
        let what = match movement {
            Movement::Joined(_) => "joined",
            Movement::Updated { .. } => "updated",
            Movement::Left(_) => "left",
        };
        (key.to_string(), what)
    };
    changes.map(name).collect()
}

fn said(key: &str, what: &'static str) -> Vec<(String, &'static str)> {
    vec![(key.to_owned(), what)]
}

#[test]
fn who_joins_at_one_node_is_seen_at_the_other() {
    let mut two = Two::new();
    two.talk();
    let dot = two.here.track("ann", 1);
    two.talk();
    assert_eq!(names(two.there.diff()), said("ann", "joined"));
    assert_eq!(names(two.here.diff()), said("ann", "joined"));
    assert_eq!(two.there.get("ann")[0].node, node_id("here", 1));
    two.here.update(dot, 2);
    two.talk();
    assert_eq!(names(two.there.diff()), said("ann", "updated"));
    assert_eq!(*two.there.get("ann")[0].meta, 2);
}

#[test]
fn a_key_that_moves_to_another_node_is_an_update() {
    let mut two = Two::new();
    let dot = two.here.track("ann", 1);
    two.talk();
    assert_eq!(names(two.there.diff()), said("ann", "joined"));
    two.here.untrack(dot);
    two.talk();
    assert_eq!(names(two.there.diff()), []);
    assert!(two.there.is_there("ann"));
    two.pass(MOVED_WITHIN / 2);
    two.there.track("ann", 1);
    two.talk();
    assert_eq!(names(two.there.diff()), said("ann", "updated"));
    two.pass(MOVED_WITHIN);
    assert_eq!(names(two.there.diff()), []);
    assert_eq!(two.here.get("ann").len(), 1);
}

#[test]
fn a_key_that_does_not_come_back_leaves_once() {
    let mut two = Two::new();
    let dots = [two.here.track("ann", 1), two.here.track("ann", 2)];
    two.talk();
    drop(two.there.diff());
    two.here.untrack(dots[0]);
    two.talk();
    assert_eq!(names(two.there.diff()), said("ann", "updated"));
    two.here.untrack(dots[1]);
    two.talk();
    let wake = two.there.next_wake().expect("it is to be let go");
    assert!(wake <= two.now + MOVED_WITHIN);
    two.pass(MOVED_WITHIN);
    assert_eq!(names(two.there.diff()), said("ann", "left"));
    assert!(!two.there.is_there("ann"));
    two.pass(MOVED_WITHIN * 5);
    assert_eq!(names(two.there.diff()), []);
}

#[test]
fn what_comes_and_goes_between_two_diffs_is_not_told() {
    let mut two = Two::new();
    two.talk();
    let dot = two.here.track("ann", 1);
    two.talk();
    two.here.untrack(dot);
    two.talk();
    assert_eq!(names(two.there.diff()), []);
    assert!(!two.there.is_there("ann"));
}

#[test]
fn the_sessions_of_a_lost_node_leave_after_its_grace_and_those_of_one_that_left_do_not_wait_for_it() {
    for says_so in [false, true] {
        let mut two = Two::new();
        two.here.track("ann", 1);
        two.talk();
        drop(two.there.diff());
        let here = node_id("here", 1);
        if says_so {
            two.there.exchange.left(&here);
        } else {
            two.there.exchange.lost(&here, two.now);
            two.pass(TIMING.grace - Duration::from_millis(1));
            assert_eq!(names(two.there.diff()), []);
            two.pass(Duration::from_millis(1));
        }
        two.pass(Duration::ZERO);
        assert_eq!(names(two.there.diff()), []);
        two.pass(MOVED_WITHIN);
        assert_eq!(names(two.there.diff()), said("ann", "left"));
        // It was there all the time, and is met again.
        two.talk();
        assert_eq!(names(two.there.diff()), said("ann", "joined"));
    }
}

#[test]
fn a_node_that_is_back_in_time_was_never_away() {
    let mut two = Two::new();
    two.here.track("ann", 1);
    two.talk();
    drop(two.there.diff());
    two.there.exchange.lost(&node_id("here", 1), two.now);
    two.here.exchange.lost(&node_id("there", 2), two.now);
    two.here.track("bob", 1);
    two.pass(TIMING.grace / 2);
    two.talk();
    two.pass(TIMING.grace * 2);
    assert_eq!(names(two.there.diff()), said("bob", "joined"));
}

#[test]
fn whatever_goes_wrong_all_see_the_same_in_the_end_and_diffs_tell_the_way_there() {
    for_seeds(2_000, |seed| {
        let nodes = nodes_of(seed);
        let mut network = BadNetwork::new(seed, nodes, roll);
        let mut views: BTreeMap<NodeId, View> = BTreeMap::new();
        let mut tracked: BTreeMap<NodeId, Vec<(Dot, String, u32)>> = BTreeMap::new();
        let mut listen = |network: &mut BadNetwork<Roll<u32>>| {
            for fellow in &mut network.fellows {
                let known = views.entry(fellow.id.clone()).or_default();
                if let Some(diff) = fellow.service.diff() {
                    follow(known, diff);
                    assert_eq!(*known, view(&fellow.service), "at {}", fellow.id);
                }
            }
        };
        for _ in 0..120 {
            let place = network.chance.usize(..nodes);
            let id = network.fellows[place].id.clone();
            let own = tracked.entry(id).or_default();
            match network.chance.u8(..10) {
                0..4 => {
                    let (key, meta) = (format!("k{}", network.chance.u8(..6)), network.chance.u32(..3));
                    let dot = network.at(place, |roll, _| roll.track(&key, meta));
                    own.push((dot, key, meta));
                }
                4 if !own.is_empty() => {
                    let (at, meta) = (network.chance.usize(..own.len()), network.chance.u32(..3));
                    let dot = network.at(place, |roll, _| roll.update(own[at].0, meta));
                    (own[at].0, own[at].2) = (dot.expect("it is there"), meta);
                }
                5..8 if !own.is_empty() => {
                    let (dot, ..) = own.swap_remove(network.chance.usize(..own.len()));
                    network.at(place, |roll, _| roll.untrack(dot));
                }
                8 => network.trouble(),
                _ => {}
            }
            network.step();
            if network.chance.bool() {
                listen(&mut network);
            }
        }
        network.repair();
        listen(&mut network);
        let mut truth = View::new();
        for fellow in &network.fellows {
            for (_, key, meta) in tracked.get(&fellow.id).into_iter().flatten() {
                let (node, meta) = (fellow.id.clone(), Arc::new(*meta));
                truth
                    .entry(key.as_str().into())
                    .or_default()
                    .push(Session { node, meta });
            }
        }
        let truth: View = truth
            .into_iter()
            .map(|(key, sessions)| (key, sorted(sessions)))
            .collect();
        for fellow in &network.fellows {
            assert_eq!(view(&fellow.service), truth, "at {}", fellow.id);
        }
    });
}
