//! The flags: each with its unit and its bounds.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Counts primes with many processes. Without a role it starts them all here, and kills some.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    #[command(flatten)]
    pub(crate) play: Play,
}

#[derive(Args)]
pub(crate) struct Play {
    /// Worker processes [1 to 64]
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: u16,
    /// Jobs, each the primes among 50000 numbers [1 to 2000]
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) jobs: u32,
    /// About how often a worker is killed [0.1 to 3600]
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub(crate) kill_every: Duration,
    /// Chooses who is killed, and when; what is in hand at that moment is left to the machine
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Subcommand)]
pub(crate) enum Role {
    /// Writes a new secret, which everyone who is to take part needs a copy of
    Secret {
        /// Where it goes
        file: PathBuf,
    },
    /// Gives out the jobs, and ends when all are done
    Coordinator(Coordinator),
    /// Does jobs until there are no more
    Worker(Worker),
}

#[derive(Args)]
pub(crate) struct Coordinator {
    /// The file with the secret
    #[arg(long, value_name = "FILE")]
    pub(crate) secret: PathBuf,
    /// Where workers find it. What is said is not encrypted: use it in networks that are your own
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4100")]
    pub(crate) listen: String,
    /// Jobs, each the primes among 50000 numbers [1 to 2000]
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) jobs: u32,
}

#[derive(Args)]
pub(crate) struct Worker {
    /// The file with the secret
    #[arg(long, value_name = "FILE")]
    pub(crate) secret: PathBuf,
    /// What it is called: another name for each worker
    #[arg(long)]
    pub(crate) name: String,
    /// Where the coordinator is
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4100")]
    pub(crate) coordinator: String,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("it must be from 0.1 to 3600".to_owned())
    }
}
