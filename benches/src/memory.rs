//! The bytes that an idle actor holds, beside an idle task with its channel, each in a process of its own.

use std::process::{Command, Stdio};

use actor_core::prelude::*;
use tokio::sync::mpsc;

use crate::cases::Side;
use crate::cases::sum::Sum;

/// The name of this case, which is not one of time.
pub(crate) const NAME: &str = "idle bytes";
const COUNT: u64 = 100_000;

/// Prints the bytes of one idle actor and of one idle task.
pub(crate) fn print() -> Result<(), String> {
    let ours = each_bytes(Side::Ours)?;
    let raw = each_bytes(Side::Raw)?;
    println!(
        "{NAME}: an actor {ours:.0}, a task with a channel {raw:.0}, ratio {:.2}",
        ours / raw
    );
    Ok(())
}

fn each_bytes(side: Side) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?;
    let output = Command::new(program)
        .args(["--alone", NAME, side.name(), &COUNT.to_string()])
        .stdin(Stdio::null())
        .output()
        .map_err(|why| why.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim()
        .parse()
        .map_err(|_| "the memory of a process cannot be read here: this system has no /proc".to_owned())
}

/// Makes `count` of them, and prints how many bytes the process has grown by for each.
pub(crate) fn hold(side: Side, count: u64) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| why.to_string())?;
    let grown = runtime.block_on(async {
        let system = System::new("idle");
        let (mut handles, mut senders) = (Vec::with_capacity(count as usize), Vec::with_capacity(count as usize));
        let before = resident_bytes();
        for number in 0..count {
            match side {
                Side::Ours => handles.push(
                    system
                        .spawn_once(format!("idle-{number}"), Sum::default)
                        .map_err(|why| why.to_string())?,
                ),
                Side::Raw => {
                    let (sender, mut receiver) = mpsc::channel::<u64>(1024);
                    tokio::spawn(async move {
                        let mut sum = 0_u64;
                        while let Some(number) = receiver.recv().await {
                            sum = sum.wrapping_add(number);
                        }
                    });
                    senders.push(sender);
                }
            }
        }
        // Everyone has run once and waits.
        for _ in 0..count / 10 {
            tokio::task::yield_now().await;
        }
        if let Some(last) = handles.last() {
            last.ask(crate::cases::sum::Msg::Get)
                .await
                .map_err(|why| why.to_string())?;
        }
        Ok::<_, String>(
            resident_bytes()
                .zip(before)
                .map(|(now, before)| (now - before) as f64 / count as f64),
        )
    })?;
    if let Some(grown) = grown {
        println!("{grown}");
    }
    // Their ends are not measured.
    std::process::exit(0)
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}
