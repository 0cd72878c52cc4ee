//! Figures of a membership at rest and in trouble, printed: `MEMBER_FIGURES=1 cargo test --release -p promises members::figures -- --nocapture`
//! measures them in full, which takes minutes; without that word only what takes a moment is run.

use std::time::Duration;

use actor_net::membership::ClusterConfig;

use super::alone::{self, Alone};
use super::world::World;
use super::{SECOND, pauses_and_losses, settled};

fn in_full() -> bool {
    std::env::var_os("MEMBER_FIGURES").is_some()
}

fn quantile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part).round() as usize]
}

/// For so long what an idle member does is counted.
const REST: u32 = 60;

#[test]
fn what_an_idle_member_does_and_sends_does_not_grow_with_the_cluster() {
    let sizes: &[usize] = if in_full() { &[3, 10, 50, 300, 1000] } else { &[10, 50] };
    let (mut bytes_sent, mut bytes_taken, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for &nodes in sizes {
        let mut world = World::of(1, nodes - 1, ClusterConfig::default());
        let at = world.add_with_journal();
        // What each says of itself is passed on ten times by every other one, with four of those in a packet: that takes as long as there are many.
        world.run(SECOND * 20 + SECOND * u32::try_from(nodes).expect("not that many") / 5);
        assert!(world.is_agreed(), "{}", world.views());
        (world.packets, world.bytes) = (0, 0);
        let journal = world.journal(at);
        journal.before = journal.told.len();
        world.run(SECOND * REST);
        let journal = world.journal(at).clone();
        let mut alone = Alone::new(&journal);
        let counted = allocation_counter::measure(|| {
            alone.is_told_the_rest();
        });
        let a_second = |all: u64| all as f64 / f64::from(REST);
        println!(
            "{nodes} members, idle: each sends {:.1} packets and {:.0} bytes a second; one allocates {:.0} times, {:.0} bytes",
            a_second(world.packets) / nodes as f64,
            a_second(world.bytes) / nodes as f64,
            a_second(counted.count_total),
            a_second(counted.bytes_total),
        );
        // Fewer than three others are watched in a cluster of three.
        if nodes == 3 {
            continue;
        }
        bytes_sent.push(world.bytes as f64 / nodes as f64);
        bytes_taken.push(counted.bytes_total as f64);
        if in_full()
            && let Some(all) = alone::instructions(&journal)
        {
            println!(
                "{nodes} members, idle: {:.0} instructions a second for one",
                a_second(all)
            );
            assert!(all > 0, "nothing was counted");
            steps.push(all as f64);
        }
    }
    for (figures, most) in [(bytes_sent, 1.2), (bytes_taken, 1.1), (steps, 1.25)] {
        let first = figures.first().copied().unwrap_or_default();
        assert!(figures.iter().all(|figure| *figure <= first * most), "{figures:?}");
    }
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
