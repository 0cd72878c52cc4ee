//! A system with some troubles, to be looked at in the browser: which actor, why, and since when.
//!
//! ```text
//! cargo run --example observed
//! cargo run --release --example observed -- --sleepers 100000
//! cargo run --example observed -- --nodes 2      other processes beside it: stop one with SIGSTOP, and look at the nodes
//! ```

mod circles;
mod nodes;
mod troubles;

use std::time::Duration;

use actor_core::prelude::*;
use actor_observer::Observer;
use clap::Parser;

#[derive(Parser)]
struct Flags {
    /// So many actors that do nothing
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    sleepers: usize,
    /// None of the other troubles
    #[arg(long)]
    quiet: bool,
    /// So many other nodes, each in a process of its own
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    nodes: usize,
    /// One that holds a thread for most of the time, as no actor should
    #[arg(long)]
    digger: bool,
    /// Be such a node
    #[arg(long, hide = true)]
    member: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let flags = Flags::parse();
    if let Some(name) = flags.member {
        return nodes::be(&name).await;
    }
    let system = System::builder("demo").intensity(10, Duration::from_secs(5)).build()?;
    if !flags.quiet {
        troubles::spawn(&system)?;
        circles::spawn(&system)?;
    }
    if flags.digger {
        system.spawn("digger", || troubles::Digger)?;
    }
    troubles::spawn_sleepers(&system, flags.sleepers)?;
    let (cluster, _shared, _others) = nodes::with_others(&system, flags.nodes).await?;

    let token = format!("{:08x}", fastrand::u32(..));
    let observer = Observer::new(&system).cluster(&cluster).token(&token);
    let serving = observer.serve(([127, 0, 0, 1], 0).into()).await?;
    println!("http://{}/#token={token}", serving.address());

    let report = system.shutdown_on_ctrl_c().await;
    println!("{report:#}");
    Ok(())
}
