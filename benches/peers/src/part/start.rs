//! How long a program takes from nothing to its first message.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use actor_core::prelude::*;
use benches::framework::{Threads, runtime};
use benches::measure::middle;
use tokio::sync::{mpsc, oneshot};

use super::Wanted;
use crate::figures::{Cell, FLOOR, Line, Table};
use crate::{Failed, machine};

/// The option by which this program is such a program, and what stands behind it: by whom.
pub(crate) const FIRST: &str = "--first-message";

/// How often each is started.
const STARTS: u32 = 40;

struct Greeter;

struct Greet(Reply<()>);

impl Actor for Greeter {
    type Msg = Greet;

    async fn handle(&mut self, Greet(reply): Greet, _ctx: &mut Context<Greet>) -> ActorResult {
        println!("hello");
        reply.send(());
        Ok(())
    }
}

/// Says a word from within the first message, and ends.
pub(crate) fn be(whom: &str) {
    runtime(Threads::Cores).block_on(async {
        if whom == FLOOR {
            let (sender, mut receiver) = mpsc::channel::<oneshot::Sender<()>>(1024);
            tokio::spawn(async move {
                while let Some(reply) = receiver.recv().await {
                    println!("hello");
                    let _ = reply.send(());
                }
            });
            let (reply, answer) = oneshot::channel();
            sender.send(reply).await.expect("the task lives");
            answer.await.expect("the task answers");
        } else {
            let system = System::new("start");
            let greeter = system.spawn("greeter", || Greeter).expect("the name is new");
            greeter.ask(Greet).await.expect("the actor answers");
            system.shutdown().await;
        }
    });
}

pub(crate) fn measure(_: &Wanted) -> Result<Table, Failed> {
    let sides = [benches::OURS.name, FLOOR];
    let mut took = [Vec::new(), Vec::new()];
    for start in 0..2 * STARTS as usize {
        let side = start % 2;
        took[side].push(once(sides[side])?);
    }
    let cell = |figures: &Vec<f64>| {
        let [one, by] = [figures, &took[1]].map(|figures| middle(figures.clone()));
        Some(Cell::new(
            [one.quarter, one.median, one.three_quarters],
            [one.median / by.median; 3],
        ))
    };
    let line = Line {
        name: "start of a program to its first message".to_owned(),
        cells: took.iter().map(cell).collect(),
    };
    Ok(Table {
        taken: machine::taken(STARTS, 1.0, &[]),
        sides: sides.map(str::to_owned).to_vec(),
        rows: vec![line],
    })
}

/// Nanoseconds from the start of a process to the word of its first message.
fn once(side: &str) -> Result<f64, Failed> {
    let program = std::env::current_exe()?;
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args([FIRST, side])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut word = String::new();
    let stdout = child.stdout.take().ok_or("it has no output")?;
    BufReader::new(stdout).read_line(&mut word)?;
    let took = begun.elapsed();
    child.wait()?;
    Ok(took.as_secs_f64() * 1e9)
}
