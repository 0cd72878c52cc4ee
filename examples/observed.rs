//! A system with some troubles, to be looked at in the browser: a slow actor that others wait for, one that fails again and again, a
//! mailbox that is full, and, if you say so, a hundred thousand that do nothing.
//!
//! ```text
//! cargo run --example observed
//! cargo run --release --example observed -- 100000
//! ```

use std::time::Duration;

use actor_core::Supervisor;
use actor_core::prelude::*;
use actor_observer::Observer;

/// Answers, but takes its time.
struct Library;

struct Lend(Reply<&'static str>);

impl Actor for Library {
    type Msg = Lend;

    async fn handle(&mut self, Lend(reply): Lend, _ctx: &mut Context<Lend>) -> ActorResult {
        tokio::time::sleep(Duration::from_secs(4)).await;
        reply.send("a book");
        Ok(())
    }
}

/// Asks the library again and again.
struct Reader(Handle<Lend>);

struct Read;

impl Actor for Reader {
    type Msg = Read;

    async fn on_start(&mut self, ctx: &mut Context<Read>) -> ActorResult {
        ctx.every(Duration::from_millis(500), || Read);
        Ok(())
    }

    async fn handle(&mut self, Read: Read, _ctx: &mut Context<Read>) -> ActorResult {
        // Of many readers some wait in vain: that is one of the troubles.
        let _ = self.0.ask(Lend).await;
        Ok(())
    }
}

/// Fails now and then.
struct Sensor(u32);

struct Measure;

impl Actor for Sensor {
    type Msg = Measure;

    async fn on_start(&mut self, ctx: &mut Context<Measure>) -> ActorResult {
        ctx.every(Duration::from_secs(1), || Measure);
        Ok(())
    }

    async fn handle(&mut self, Measure: Measure, _ctx: &mut Context<Measure>) -> ActorResult {
        self.0 += 1;
        if self.0.is_multiple_of(4) {
            return Err(ActorError::new("the wire is loose"));
        }
        Ok(())
    }
}

/// Is told more than it can print.
struct Printer;

struct Page;

impl Actor for Printer {
    type Msg = Page;

    async fn handle(&mut self, Page: Page, _ctx: &mut Context<Page>) -> ActorResult {
        tokio::time::sleep(Duration::from_millis(3)).await;
        Ok(())
    }
}

/// Does nothing.
struct Sleeper;

impl Actor for Sleeper {
    type Msg = ();

    async fn handle(&mut self, (): (), _ctx: &mut Context<()>) -> ActorResult {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let sleepers: usize = std::env::args().nth(1).map_or(Ok(0), |count| count.parse())?;
    let system = System::builder("demo").intensity(10, Duration::from_secs(5)).build()?;

    let library = system.spawn("library", || Library)?;
    system.registry().register("library", &library)?;
    for n in 1..=4 {
        let library = library.clone();
        system.spawn(format!("reader {n}"), move || Reader(library.clone()))?;
    }
    let sensors = (1..=3).fold(
        Supervisor::one_for_one().intensity(5, Duration::from_secs(5)),
        |house, n| house.child(ChildSpec::new(format!("sensor {n}"), move || Sensor(n))),
    );
    system.spawn_spec(sensors.named("sensors"))?;
    let office = MailboxSpec::bounded(500).overflow(Overflow::DropOldest);
    let printer = system.spawn_spec(ChildSpec::new("printer", || Printer).mailbox(office))?;
    for n in 0..sleepers {
        system.spawn_once(format!("sleeper {n}"), || Sleeper)?;
    }

    let token = format!("{:08x}", fastrand::u32(..));
    let observer = Observer::new(&system)
        .token(&token)
        .serve(([127, 0, 0, 1], 0).into())
        .await?;
    println!("http://{}/#token={token}", observer.address());

    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let mut ended = std::pin::pin!(system.shutdown_on_ctrl_c());
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                for _ in 0..5 {
                    let _ = printer.try_tell(Page);
                }
            }
            report = &mut ended => {
                println!("{report:#}");
                return Ok(());
            }
        }
    }
}
