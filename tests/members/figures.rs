//! Figures of a membership at rest and in trouble, printed: `MEMBER_FIGURES=1 cargo test --release -p promises members::figures -- --nocapture`
//! measures them in full, which takes minutes; without that word only what takes a moment is run.

use std::time::Duration;

use actor_net::membership::ClusterConfig;

use super::world::World;
use super::{SECOND, pauses_and_losses, settled};

fn in_full() -> bool {
    std::env::var_os("MEMBER_FIGURES").is_some()
}

fn quantile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part).round() as usize]
}

/// For how long this thread has had a processor, where the system tells it.
fn busy_nanos() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok())
        .unwrap_or(0)
}

#[test]
fn what_an_idle_member_sends_does_not_grow_with_the_cluster() {
    let sizes: &[usize] = if in_full() { &[3, 10, 50, 1000] } else { &[10, 50] };
    let mut rates = Vec::new();
    for &nodes in sizes {
        let mut world = World::of(1, nodes, ClusterConfig::default());
        // What each says of itself is passed on ten times by every other one, with four of those in a packet: that takes as long as there are many.
        world.run(SECOND * 20 + SECOND * u32::try_from(nodes).expect("not that many") / 5);
        (world.packets, world.bytes) = (0, 0);
        let before = busy_nanos();
        world.run(SECOND * 30);
        let busy_micros = (busy_nanos() - before) / 1_000;
        let per_node = |all: u64| all as f64 / 30.0 / nodes as f64;
        println!(
            "{nodes} members, idle: {:.1} packets and {:.0} bytes a second from each, and {:.0} us of a processor for each",
            per_node(world.packets),
            per_node(world.bytes),
            per_node(busy_micros)
        );
        rates.push(per_node(world.bytes));
    }
    // Fewer than three others are watched in a cluster of three.
    let (first, last) = (rates[sizes.len().min(2) - 1], rates[rates.len() - 1]);
    assert!(last < first * 1.2, "{rates:?}");
}

#[test]
fn crashes_among_members_that_pause_on_a_network_that_loses() {
    let (mut all, crashes) = (Vec::new(), if in_full() { 300 } else { 3 });
    let mut world = settled(1, 50);
    world.weather.loss = 0.02;
    for _ in 0..crashes {
        pauses_and_losses(&mut world, SECOND * 5, 5);
        let at = 5 + world.chance.index(45);
        world.losses.clear();
        world.crash(at);
        let when = world.now;
        pauses_and_losses(&mut world, SECOND * 12, 5);
        assert!(world.losses.iter().all(|loss| loss.of == at), "{:?}", world.losses);
        assert_eq!(world.losses.len(), 49, "{}", world.views());
        let last = world.losses.iter().map(|loss| loss.when - when).max();
        all.push(last.expect("all were told"));
        world.start(at);
        pauses_and_losses(&mut world, SECOND * 5, 5);
    }
    let (half, most) = (quantile(&mut all, 0.5), quantile(&mut all, 0.99));
    println!("{crashes} crashes among 50, known to all others: p50 {half:?}, p99 {most:?}");
    assert!(most < SECOND * 5);
}

#[test]
fn an_hour_of_pauses_and_losses() {
    let time = if in_full() { SECOND * 3600 } else { SECOND * 20 };
    let mut world = settled(3, 50);
    world.weather.loss = 0.02;
    pauses_and_losses(&mut world, time, 5);
    println!(
        "{time:?} of pauses and losses among 50: {} found down",
        world.losses.len()
    );
    assert!(world.losses.is_empty(), "{:?}", world.losses);
}
