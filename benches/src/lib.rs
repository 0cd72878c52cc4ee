//! Actors beside the hand-written tokio task and channel that each replaces: workloads that are written once for every
//! framework, with what it takes to compare figures of them.

pub mod framework;
pub mod measure;
pub mod ours;
pub mod process;
pub mod raw;
pub mod rows;
pub mod work;

use work::Contestant;

/// Actors of actor-core.
pub const OURS: Contestant = Contestant {
    name: "actor-core",
    run: work::run_growing::<ours::Ours>,
};

/// Tasks with channels: the floor.
pub const RAW: Contestant = Contestant {
    name: "tokio",
    run: raw::run,
};
