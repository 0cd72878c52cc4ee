//! The flags: each with its unit and its bounds.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Sends orders through a pipeline of actors: read, parse, enrich by a slow service, add up, write.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Flags {
    /// A file of orders, `customer,cents` on each line; without it, orders are made up
    #[arg(long, value_name = "FILE", conflicts_with = "lines")]
    pub(crate) input: Option<PathBuf>,
    /// How many orders are made up [1 to 1000000000]
    #[arg(long, value_name = "COUNT", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) lines: u64,
    /// Where the enriched orders go; what is there is overwritten
    #[arg(long, value_name = "FILE", default_value = "orders.csv")]
    pub(crate) output: PathBuf,
    /// Which worker enriches an order; by-key keeps the orders of a customer in order
    #[arg(long, value_enum, default_value_t = Strategy::RoundRobin)]
    pub(crate) strategy: Strategy,
    /// Workers that enrich [1 to 1024]
    #[arg(long, value_name = "COUNT", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: u16,
    /// Orders that may wait before each actor [1 to 100000]
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) queue: u32,
    /// How long the service takes on average [0ms to 10s]
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = |text: &str| time(text, 0, 10_000))]
    pub(crate) latency: Duration,
    /// Calls out of a hundred that fail [0 to 100]
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) failures: u8,
    /// Calls for one order before it is given up [1 to 20]
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) attempts: u32,
    /// The wait before the second call, which doubles from call to call up to 10s [1ms to 10s]
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = |text: &str| time(text, 1, 10_000))]
    pub(crate) backoff: Duration,
    /// Fixes what is left to chance, so that a run can be had again
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Strategy {
    RoundRobin,
    LeastLoaded,
    ByKey,
}

/// Reads `250ms` or `2s`.
fn time(text: &str, millis_min: u64, millis_max: u64) -> Result<Duration, String> {
    let (number, factor) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 1000),
        (None, None) => return Err("give it a unit: 250ms, or 2s".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "give a whole number with a unit: 250ms, or 2s".to_owned())?;
    let millis = number
        .checked_mul(factor)
        .filter(|millis| (millis_min..=millis_max).contains(millis));
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| format!("it must be from {millis_min}ms to {}s", millis_max / 1000))
}
