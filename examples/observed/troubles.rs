//! The troubles: a slow actor that others wait for, some that fail again and again, a mailbox that is full, one that holds its thread.

use std::borrow::Cow;
use std::sync::mpsc;
use std::time::Duration;

use actor_core::Supervisor;
use actor_core::prelude::*;

/// So many readers want books.
const READERS: usize = 4;

/// More than the printer prints in that time.
const PAGES_PER_TICK: usize = 5;

const TICK: Duration = Duration::from_millis(10);

/// Spawns them all, but for the one that takes a thread from all others.
pub(crate) fn spawn(system: &System) -> anyhow::Result<()> {
    let library = system.spawn("library", || Library)?;
    system.registry().register("library", &library)?;
    for n in 1..=READERS {
        let library = library.clone();
        system.spawn(format!("reader {n}"), move || Reader(library.clone()))?;
    }
    let sensors = Supervisor::one_for_one().intensity(10, Duration::from_secs(5));
    let sensors = (1..=3).fold(sensors, |sensors, n| {
        sensors.child(ChildSpec::new(format!("sensor {n}"), move || Sensor(n)))
    });
    system.spawn_spec(sensors.named("sensors"))?;
    let office = MailboxSpec::bounded(500).overflow(Overflow::DropOldest);
    let printer = system.spawn_spec(ChildSpec::new("printer", || Printer).mailbox(office))?;
    system.spawn("author", move || Author(printer.clone()))?;
    Ok(())
}

/// Spawns so many that do nothing.
pub(crate) fn spawn_sleepers(system: &System, count: usize) -> anyhow::Result<()> {
    for n in 0..count {
        system.spawn_once(format!("sleeper {n}"), || Sleeper)?;
    }
    Ok(())
}

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

    fn kind_of(_msg: &Lend) -> Cow<'static, str> {
        "lend".into()
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
        if self.0.is_multiple_of(8) {
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

/// Blocks its thread instead of awaiting, for most of the time.
pub(crate) struct Digger;

pub(crate) struct Dig;

impl Actor for Digger {
    type Msg = Dig;

    async fn on_start(&mut self, ctx: &mut Context<Dig>) -> ActorResult {
        ctx.every(Duration::from_secs(5), || Dig);
        Ok(())
    }

    async fn handle(&mut self, Dig: Dig, _ctx: &mut Context<Dig>) -> ActorResult {
        let (_keeps_waiting, never) = mpsc::channel::<()>();
        let _ = never.recv_timeout(Duration::from_secs(4));
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

/// Writes more than is printed.
struct Author(Handle<Page>);

struct Write;

impl Actor for Author {
    type Msg = Write;

    async fn on_start(&mut self, ctx: &mut Context<Write>) -> ActorResult {
        ctx.every(TICK, || Write);
        Ok(())
    }

    async fn handle(&mut self, Write: Write, _ctx: &mut Context<Write>) -> ActorResult {
        for _ in 0..PAGES_PER_TICK {
            self.0.tell(Page).await?;
        }
        Ok(())
    }
}
