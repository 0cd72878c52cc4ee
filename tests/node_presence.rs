//! Promises about who is there, at all nodes.
//!
//! `NODE_SEEDS=100000` runs as many seeds of the last one; `NODE_SEED=17` runs that one alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actor_core::System;
use actor_net::presence::{
    Diff, KEY_BYTES_MAX, META_BYTES_MAX, Movement, News, Presence, PresenceConfig, Session, TrackError, Tracked, Watch,
};
use actor_net::{ExposeError, Node};
use actor_testkit::{SimulatedNetwork, pass, settle};

use crate::seeds;
use crate::trio::{self, LONG, NAMES, on_its_way};

struct Site {
    system: System,
    node: Node,
    users: Presence<String>,
    watch: Watch<String>,
}

async fn site(network: &SimulatedNetwork, name: &str) -> Site {
    let system = System::new(name);
    let node = trio::node(network, &system, name).await;
    let users = Presence::open(&node, "users", PresenceConfig::default()).expect("the name is free");
    let watch = users.watch();
    Site {
        system,
        node,
        users,
        watch,
    }
}

async fn connect(sites: &[Site]) {
    trio::connect(sites.iter().map(|site| &site.node)).await;
}

async fn three() -> (SimulatedNetwork, Vec<Site>) {
    let network = SimulatedNetwork::seeded(1);
    let mut sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    for site in &mut sites {
        assert!(matches!(site.watch.next().await, News::Everybody { number: 0, list } if list.is_empty()));
    }
    (network, sites)
}

fn name(name: &str) -> String {
    name.to_owned()
}

impl Site {
    fn track(&self, key: &str) -> Tracked<String> {
        let node = self.node.id().name.to_string();
        self.users.track(key, node).expect("it is short")
    }

    /// What was told since the last time, but for everybody.
    async fn told(&mut self) -> Vec<Arc<Diff<String>>> {
        settle().await;
        let mut told = Vec::new();
        while let Ok(news) = tokio::time::timeout(Duration::from_millis(1), self.watch.next()).await {
            if let News::Diff(diff) = news {
                told.push(diff);
            }
        }
        told
    }

    /// The same in words.
    async fn heard(&mut self) -> Vec<String> {
        let told = self.told().await;
        let changes = told.iter().flat_map(|diff| &diff.changes);
        let word = |(key, movement): &(Arc<str>, Movement<String>)| match movement {
            Movement::Joined(sessions) => format!("{key} joins {}", places(sessions)),
            Movement::Updated { joined, left } => format!("{key} +{} -{}", places(joined), places(left)),
            Movement::Left(sessions) => format!("{key} leaves {}", places(sessions)),
        };
        changes.map(word).collect()
    }
}

fn places(sessions: &[Session<String>]) -> String {
    sessions.iter().map(|session| session.meta.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_there_is_known_at_every_node_with_what_is_said_of_each_session() {
    let (_network, mut sites) = three().await;
    let phone = sites[0].track("ann");
    on_its_way().await;
    let desk = sites[1].track("ann");
    on_its_way().await;
    for site in &mut sites {
        assert_eq!(site.heard().await, ["ann joins a", "ann +b -"]);
        let nodes: Vec<_> = site
            .users
            .get("ann")
            .iter()
            .map(|session| session.node.name.to_string())
            .collect();
        assert_eq!((nodes.len(), site.users.len()), (2, 1));
    }
    desk.update(name("at lunch")).expect("it is short");
    on_its_way().await;
    drop(phone);
    on_its_way().await;
    for site in &mut sites {
        assert_eq!(site.heard().await, ["ann +at lunch -b", "ann + -a"]);
        assert!(site.users.is_there("ann"));
    }
    drop(desk);
    pass(Duration::from_secs(2)).await;
    for site in &mut sites {
        assert_eq!(site.heard().await, ["ann leaves at lunch"]);
        assert!(site.users.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_moves_to_another_node_does_not_leave() {
    let (_network, mut sites) = three().await;
    let first = sites[0].track("ann");
    on_its_way().await;
    drop(first);
    pass(Duration::from_millis(500)).await;
    let _second = sites[1].track("ann");
    pass(LONG).await;
    for site in &mut sites {
        assert_eq!(site.heard().await, ["ann joins a", "ann +b -a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_sessions_of_a_lost_node_leave_after_their_grace_and_those_of_one_that_leaves_at_once() {
    let (network, mut sites) = three().await;
    let _ann = sites[2].track("ann");
    let _bob = sites[0].track("bob");
    on_its_way().await;
    let lost = sites.remove(2);
    for site in &mut sites {
        site.heard().await;
    }
    network.cut("a", "c");
    network.cut("b", "c");
    network.crash(lost.node);
    pass(Duration::from_millis(5500)).await;
    for site in &mut sites {
        assert!(site.users.is_there("ann"), "within its grace");
    }
    pass(Duration::from_secs(1)).await;
    for site in &mut sites {
        assert_eq!(site.heard().await, ["ann leaves c"]);
    }
    sites[0].node.leave().await;
    pass(Duration::from_millis(1200)).await;
    assert_eq!(sites[1].heard().await, ["bob leaves a"]);
}

#[tokio::test(start_paused = true)]
async fn who_moved_before_a_node_leaves_is_not_told_of_as_gone() {
    let (_network, mut sites) = three().await;
    let users: Vec<_> = (0..50).map(|n| sites[0].track(&format!("u{n:02}"))).collect();
    on_its_way().await;
    let moved: Vec<_> = (0..50).map(|n| sites[1].track(&format!("u{n:02}"))).collect();
    on_its_way().await;
    sites[2].heard().await;
    sites[0].node.leave().await;
    pass(LONG).await;
    let told = sites[2].told().await;
    assert_eq!(told.len(), 1, "they are told of together");
    let all_stay = told[0]
        .changes
        .iter()
        .all(|(_, movement)| matches!(movement, Movement::Updated { .. }));
    assert!(all_stay && told[0].changes.len() == 50);
    drop((users, moved));
}

#[tokio::test(start_paused = true)]
async fn two_halves_that_meet_again_agree_without_anybodys_doing() {
    let (network, mut sites) = three().await;
    let _ann = sites[0].track("ann");
    let bob = sites[1].track("bob");
    on_its_way().await;
    network.partition(&["a"], &["b", "c"]);
    let _eve = sites[0].track("eve");
    drop(bob);
    let _joe = sites[2].track("joe");
    pass(LONG).await;
    assert_eq!(
        sites[0].users.list().iter().map(|(key, _)| &**key).collect::<Vec<_>>(),
        ["ann", "eve"]
    );
    assert_eq!(
        sites[1].users.list().iter().map(|(key, _)| &**key).collect::<Vec<_>>(),
        ["joe"]
    );
    network.repair();
    pass(LONG).await;
    for site in &mut sites {
        let keys: Vec<_> = site.users.list().into_iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["ann", "eve", "joe"]);
    }
    let _after = sites[1].track("zoe");
    on_its_way().await;
    assert!(sites.iter().all(|site| site.users.is_there("zoe")));
}

#[tokio::test(start_paused = true)]
async fn one_who_does_not_listen_for_long_is_told_of_everybody_again() {
    let (_network, mut sites) = three().await;
    let mut tracked = Vec::new();
    for n in 0..1000 {
        tracked.push(sites[0].track(&format!("u{n}")));
        settle().await;
    }
    on_its_way().await;
    let everybody = sites[1].watch.next().await;
    assert!(matches!(everybody, News::Everybody { list, .. } if list.len() == 1000));
    let _ann = sites[0].track("ann");
    on_its_way().await;
    assert_eq!(sites[1].heard().await, ["ann joins a"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_said_of_a_session_is_refused_where_it_is_said() {
    let (_network, sites) = three().await;
    let users = &sites[0].users;
    let long = "k".repeat(KEY_BYTES_MAX + 1);
    assert_eq!(users.track(&long, name("")).err(), Some(TrackError::KeyTooLong));
    let large = "m".repeat(META_BYTES_MAX);
    assert!(matches!(users.track("ann", large.clone()), Err(TrackError::Meta(_))));
    let ann = sites[0].track("ann");
    assert!(matches!(ann.update(large), Err(TrackError::Meta(_))));
    assert_eq!(*users.get("ann")[0].meta, "a");
    let again = Presence::<String>::open(&sites[0].node, "users", PresenceConfig::default());
    assert!(matches!(again, Err(ExposeError::NameTaken(_))));
    let long = Presence::<String>::open(&sites[0].node, &"n".repeat(2000), PresenceConfig::default());
    assert_eq!(long.err(), Some(ExposeError::TooLong));
}

#[tokio::test(start_paused = true)]
async fn a_presence_that_means_something_else_elsewhere_is_not_mixed_up_with_it() {
    let (_network, sites) = three().await;
    let _numbers = Presence::<u32>::open(&sites[0].node, "rooms", PresenceConfig::default()).expect("it is new");
    let words = Presence::<String>::open(&sites[1].node, "rooms", PresenceConfig::default()).expect("it is new");
    let same = Presence::<String>::open(&sites[2].node, "rooms", PresenceConfig::default()).expect("it is new");
    sites[0].node.connect("b", None).await.expect("it is there");
    let _lobby = words.track("lobby", name("talk")).expect("it is short");
    pass(LONG).await;
    assert_eq!(same.len(), 1, "one that is opened later is found, too");
    assert!(_numbers.is_empty());
}

/// Bytes that live on this thread because of `work`, which may run anything on the runtime.
fn kept(runtime: &tokio::runtime::Runtime, work: impl Future<Output = ()>) -> i64 {
    allocation_counter::measure(|| runtime.block_on(work)).bytes_current
}

#[test]
fn a_hundred_thousand_sessions_take_less_than_60_mb_a_node() {
    const SESSIONS: usize = 100_000;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime on this thread");
    let (_network, sites) = runtime.block_on(three());
    let mut tracked = Vec::with_capacity(SESSIONS);
    let bytes = kept(&runtime, async {
        for n in 0..SESSIONS {
            let user = format!("user-{n:06}");
            tracked.push(
                sites[n % 3]
                    .users
                    .track(&user, format!("{user}@example.org"))
                    .expect("it is short"),
            );
            if n % 1000 == 0 {
                settle().await;
            }
        }
        pass(LONG).await;
        assert!(sites.iter().all(|site| site.users.len() == SESSIONS));
    });
    let each = bytes / 3;
    println!("{} bytes a node, {} for each session", each, each / SESSIONS as i64);
    assert!(each < 60_000_000, "{each} bytes for {SESSIONS} sessions");
    assert!(each > 5_000_000, "{each} bytes: what is counted?");
}

fn view(users: &Presence<String>) -> BTreeMap<String, Vec<String>> {
    let line = |(key, sessions): (Arc<str>, Vec<Session<String>>)| {
        let mut said: Vec<_> = sessions
            .iter()
            .map(|session| format!("{} at {}", session.meta, session.node))
            .collect();
        said.sort();
        (key.to_string(), said)
    };
    users.list().into_iter().map(line).collect()
}

async fn run(seed: u64) {
    let network = SimulatedNetwork::seeded(seed);
    let mut sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    let mut tracked: Vec<Vec<(String, String, Tracked<String>)>> = NAMES.iter().map(|_| Vec::new()).collect();
    for number in 0..60 {
        let at = network.chance(3);
        match network.chance(12) {
            0 => network.trouble(),
            1 => network.repair(),
            2 => {
                tracked[at].clear();
                let old = sites.remove(at);
                network.crash(old.node);
                sites.insert(at, site(&network, NAMES[at]).await);
                connect(&sites).await;
            }
            3 => pass(Duration::from_millis(network.chance(15_000) as u64)).await,
            4 if !tracked[at].is_empty() => {
                let who = network.chance(tracked[at].len());
                let (_, meta, session) = &mut tracked[at][who];
                *meta = number.to_string();
                session.update(meta.clone()).expect("it is short");
            }
            5 | 6 if !tracked[at].is_empty() => {
                let who = network.chance(tracked[at].len());
                drop(tracked[at].swap_remove(who));
            }
            _ => {
                let (key, meta) = (format!("k{}", network.chance(6)), number.to_string());
                let session = sites[at].users.track(&key, meta.clone()).expect("it is short");
                tracked[at].push((key, meta, session));
            }
        }
        pass(Duration::from_millis(network.chance(300) as u64)).await;
    }
    network.repair();
    pass(LONG).await;
    connect(&sites).await;
    pass(LONG).await;
    let mut truth: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (site, tracked) in sites.iter().zip(&tracked) {
        for (key, meta, _) in tracked {
            let said = format!("{meta} at {}", site.node.id());
            truth.entry(key.clone()).or_default().push(said);
        }
    }
    truth.values_mut().for_each(|said| said.sort());
    for site in &sites {
        assert_eq!(view(&site.users), truth, "NODE_SEED={seed}: at {}", site.node.id());
        assert!(
            site.system.snapshot().iter().all(|child| child.restarts == 0),
            "NODE_SEED={seed}: it failed"
        );
    }
}

#[test]
fn whatever_goes_wrong_all_nodes_see_the_same_in_the_end() {
    seeds::each("NODE", 30, |seed| trio::on_paused_clock(run(seed)));
}
