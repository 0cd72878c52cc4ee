//! The same slow work twice, one after the other and then by an actor each, drawn as a chart of who worked when.
//!
//! `cargo run --example parallel`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use actor_core::prelude::*;

/// Where something can be had; a real program would hold a client of the service here.
#[derive(Clone)]
enum Source {
    File(PathBuf),
    Service { takes: Duration, works: bool },
}

/// What a source gave, and when it was being worked on.
struct Found {
    bytes: usize,
    from: Instant,
    until: Instant,
}

/// One actor for each source: whatever goes wrong with it stays with it.
struct Fetcher(Source);

struct Fetch(Reply<Found>);

impl Actor for Fetcher {
    type Msg = Fetch;

    async fn handle(&mut self, Fetch(reply): Fetch, ctx: &mut Context<Fetch>) -> ActorResult {
        let from = Instant::now();
        let bytes = match self.0.clone() {
            // Reading a file holds its thread, so it goes where threads may be held.
            Source::File(path) => ctx.blocking(move || std::fs::read(path)).await??.len(),
            Source::Service { takes, works } => call(takes, works).await?,
        };
        let until = Instant::now();
        reply.send(Found { bytes, from, until });
        Ok(())
    }
}

/// Stands for a service somewhere else.
async fn call(takes: Duration, works: bool) -> Result<usize, ActorError> {
    tokio::time::sleep(takes).await;
    works
        .then(|| takes.as_millis() as usize * 10)
        .ok_or(ActorError::new("503, try again later"))
}

#[tokio::main]
async fn main() -> ActorResult {
    let system = System::new("parallel");
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| Source::File(folder.join(name));
    let service = |millis, works| {
        let takes = Duration::from_millis(millis);
        Source::Service { takes, works }
    };
    let sources = [
        ("Cargo.toml", file("Cargo.toml")),
        ("missing.txt", file("missing.txt")),
        ("weather", service(320, true)),
        ("prices", service(450, true)),
        ("timetable", service(180, false)),
        ("news", service(260, true)),
        ("translation", service(510, true)),
        ("maps", service(390, true)),
    ];
    let mut fetchers = Vec::new();
    for (name, source) in &sources {
        let source = source.clone();
        fetchers.push(system.spawn(*name, move || Fetcher(source.clone()))?);
    }

    let begun = Instant::now();
    let mut found = Vec::new();
    for fetcher in &fetchers {
        found.push(fetcher.ask(Fetch).await);
    }
    let slow = begun.elapsed();
    draw("one after the other", &sources, &found, begun, slow, slow);

    let begun = Instant::now();
    let found = ask_all(&fetchers, Fetch).await;
    let fast = begun.elapsed();
    draw("all at once", &sources, &found, begun, fast, slow);

    println!("{:.1} times as fast", slow.as_secs_f64() / fast.as_secs_f64());
    system.shutdown().await;
    Ok(())
}

/// One line for each source, on a time axis that is `axis` long.
fn draw(
    title: &str,
    sources: &[(&str, Source)],
    found: &[Result<Found, AskError>],
    begun: Instant,
    took: Duration,
    axis: Duration,
) {
    const WIDTH: f64 = 60.0;
    println!("{title}: {:.2} s", took.as_secs_f64());
    for ((name, _), found) in sources.iter().zip(found) {
        match found {
            Ok(Found { bytes, from, until }) => {
                let column = |at: Instant| ((at - begun).as_secs_f64() / axis.as_secs_f64() * WIDTH) as usize;
                let (from, until) = (column(*from), column(*until));
                let bar = "█".repeat((until - from).max(1));
                println!("  {name:<12} {:from$}{bar} {bytes} bytes", "");
            }
            Err(why) => println!("  {name:<12} {why}"),
        }
    }
    println!();
}
