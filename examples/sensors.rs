//! Hundreds of devices faster than their reader: only the latest reading of each matters, and nothing piles up.
//!
//! `cargo run --release --example sensors`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use actor_core::prelude::*;

const DEVICES: usize = 400;
const ROUNDS: u32 = 200;

#[derive(Clone, Copy)]
struct Reading {
    device: usize,
    round: u32,
    degrees: f64,
}

/// Passes the readings of one device on. While it waits for the aggregator, its mailbox keeps the newest reading only.
struct Device(Handle<Aggregate>);

impl Actor for Device {
    type Msg = Reading;

    async fn handle(&mut self, reading: Reading, _ctx: &mut Context<Reading>) -> ActorResult {
        Ok(self.0.tell(Aggregate::Take(reading)).await?)
    }
}

enum Aggregate {
    Take(Reading),
    Write,
    Finish(Reply<(u64, u64, usize)>),
}

/// Holds the newest reading of each device, and writes all of them down from time to time.
#[derive(Default)]
struct Aggregator {
    newest: BTreeMap<usize, Reading>,
    taken: u64,
    written: u64,
    path: PathBuf,
}

impl Actor for Aggregator {
    type Msg = Aggregate;

    async fn on_start(&mut self, ctx: &mut Context<Aggregate>) -> ActorResult {
        ctx.every(Duration::from_millis(250), || Aggregate::Write);
        Ok(())
    }

    async fn handle(&mut self, msg: Aggregate, ctx: &mut Context<Aggregate>) -> ActorResult {
        match msg {
            Aggregate::Take(reading) => {
                self.newest.insert(reading.device, reading);
                self.taken += 1;
            }
            Aggregate::Write => {
                let (path, readings) = (self.path.clone(), self.newest.values().copied().collect::<Vec<_>>());
                // A slow disk holds a thread of the blocking pool, and through our full mailbox the devices, but no reading.
                self.written += ctx.blocking(move || write(path, &readings)).await??;
            }
            Aggregate::Finish(reply) => {
                let last = self.newest.values().filter(|reading| reading.round == ROUNDS - 1);
                reply.send((self.taken, self.written, last.count()));
            }
        }
        Ok(())
    }
}

fn write(path: PathBuf, readings: &[Reading]) -> std::io::Result<u64> {
    let mut file = File::options().append(true).create(true).open(path)?;
    for Reading { device, round, degrees } in readings {
        writeln!(file, "{round},{device},{degrees:.2}")?;
    }
    std::thread::sleep(Duration::from_millis(100)); // as slow as disks are when one needs them
    Ok(readings.len() as u64)
}

#[tokio::main]
async fn main() -> ActorResult {
    let path = std::env::temp_dir().join(format!("sensors-{}.csv", std::process::id()));
    let system = System::new("sensors");
    let file = path.clone();
    let new = move || Aggregator {
        path: file.clone(),
        ..Default::default()
    };
    let aggregator = system.spawn_spec(ChildSpec::new("aggregator", new).mailbox(MailboxSpec::bounded(64)))?;
    let mut devices = Vec::with_capacity(DEVICES);
    for device in 0..DEVICES {
        let to = aggregator.clone();
        let spec = ChildSpec::new(format!("device-{device}"), move || Device(to.clone()));
        devices.push(system.spawn_spec(spec.mailbox(MailboxSpec::latest()))?);
    }
    let mut rounds = tokio::time::interval(Duration::from_millis(10));
    for round in 0..ROUNDS {
        rounds.tick().await;
        for (device, handle) in devices.iter().enumerate() {
            let degrees = 20.0 + (f64::from(round) / 30.0 + device as f64).sin();
            handle.try_tell(Reading { device, round, degrees })?; // never full: it takes the older one's place
        }
    }
    for device in devices {
        device.drain().await?;
    }
    let (taken, written, up_to_date) = aggregator.ask(Aggregate::Finish).await?;
    println!("{DEVICES} devices sent {ROUNDS} readings each; {taken} came through, newer ones replaced the rest");
    println!("{up_to_date} of {DEVICES} devices ended with their very last reading");
    println!("{written} lines are in {}", path.display());
    system.shutdown().await;
    Ok(())
}
