//! Stories from seeds: how many are played, on all processors, and how a bad one is played again.

use std::sync::atomic::{AtomicBool, Ordering};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The one seed that the environment asks for.
pub(crate) fn alone(what: &str) -> Option<u64> {
    setting(&format!("{what}_SEED"))
}

/// Plays the usual number of seeds; or as many as `WHAT_SEEDS` in the environment says, or the one that `WHAT_SEED` names. One that
/// fails says how it is played again.
pub(crate) fn each(what: &str, usual: u64, play: impl Fn(u64) + Sync) {
    let seeds = match alone(what) {
        Some(seed) => seed..seed + 1,
        None => 0..setting(&format!("{what}_SEEDS")).unwrap_or(usual),
    };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get());
    let has_failed = AtomicBool::new(false);
    let play_every = |first: usize| {
        for seed in seeds.clone().skip(first).step_by(threads) {
            if has_failed.load(Ordering::Relaxed) {
                return;
            }
            let again = Again(
                &has_failed,
                format!("{what}_SEED={seed} cargo test -p promises -- {test} --nocapture"),
            );
            play(seed);
            drop(again);
        }
    };
    std::thread::scope(|scope| {
        let play_every = &play_every;
        let started: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || play_every(first)))
            .collect();
        for thread in started {
            assert!(thread.join().is_ok(), "a seed failed: see above");
        }
    });
}

/// Says how a seed is played again, if it fails.
struct Again<'a>(&'a AtomicBool, String);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
            eprintln!("play it again: {}", self.1);
        }
    }
}
