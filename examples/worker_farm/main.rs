//! A farm: one coordinator, any number of worker processes, and nothing lost when some of them are killed.
//!
//! `cargo run --release --example worker_farm -- --help`

mod coordinator;
mod flags;
mod herd;
mod primes;
mod secret;
mod spoken;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::{NetConfig, Node, Security};
use clap::Parser;

use coordinator::Coordinator;
use flags::{Flags, Role};
use herd::Herd;
use spoken::{Farm, Report};

#[tokio::main]
async fn main() -> ExitCode {
    let to_stderr = tracing_subscriber::fmt().with_writer(std::io::stderr);
    to_stderr
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let flags = Flags::parse();
    let done = match flags.role {
        None => play(&flags.play).await,
        Some(Role::Secret { file }) => secret::write(&file),
        Some(Role::Worker(flags)) => worker::run(&flags).await,
        Some(Role::Coordinator(flags)) => coordinate(&flags).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("worker_farm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Heartbeats that find a dead machine soon: what it had in hand is to be done by somebody else.
fn config() -> NetConfig {
    NetConfig {
        heartbeat_interval: Duration::from_millis(500),
        heartbeat_timeout: Duration::from_secs(3),
        ..NetConfig::default()
    }
}

/// The node of a coordinator, with the handle of its farm.
async fn start(listen: &str, security: Security, jobs: u32) -> anyhow::Result<(System, Node, Handle<Farm>)> {
    let system = System::new("farm");
    let node = Node::builder(&system).name("coordinator").listen(listen);
    let node = node.security(security).config(config()).start().await?;
    let farm = system.spawn("farm", move || Coordinator::new(jobs))?;
    node.expose("farm", &farm)?;
    Ok((system, node, farm))
}

async fn coordinate(flags: &flags::Coordinator) -> anyhow::Result<()> {
    let security = Security::secret(secret::read(&flags.secret)?);
    let (system, node, farm) = start(&flags.listen, security, flags.jobs).await?;
    eprintln!("workers are expected at {}", node.address().unwrap_or_default());
    let report = farm.ask(Farm::Result).no_timeout().await?;
    node.leave().await;
    system.shutdown().await;
    judge(&report)
}

/// Everything on this machine: the coordinator here, each worker a process, one of which is killed now and then.
async fn play(flags: &flags::Play) -> anyhow::Result<()> {
    let file = secret::temporary()?;
    let security = Security::secret(secret::read(&file.0)?);
    let (system, node, farm) = start("127.0.0.1:0", security, flags.jobs).await?;
    let mut herd = Herd::start(node.address().unwrap_or_default(), &file.0, flags.workers, flags.seed)?;
    eprintln!("the seed is {}: it chooses who is killed, and when", flags.seed);
    let report = tokio::select! {
        report = async { farm.ask(Farm::Result).no_timeout().await } => report?,
        ended = herd.torment(flags.kill_every) => return Err(ended),
        // What was made for this run goes with it.
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
    };
    herd.ends().await?;
    node.leave().await;
    system.shutdown().await;
    println!("{} worker processes were killed", herd.killed);
    judge(&report)
}

/// Compares the result to the same sum, made at once and by other means.
fn judge(report: &Report) -> anyhow::Result<()> {
    println!("{report}");
    let expected = primes::sieve(report.jobs * primes::SPAN);
    if report.primes != expected {
        anyhow::bail!("a sieve finds {expected}: a job was lost, or counted twice");
    }
    println!("a sieve finds as many: each job was counted once");
    Ok(())
}
