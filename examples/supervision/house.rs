//! The tree: three supervisors, one of each strategy, with appliances that do as they are told.

use std::time::Duration;

use actor_core::Supervisor;
use actor_core::prelude::*;

/// So many messages wait before an appliance.
pub(crate) const MAILBOX_MESSAGES: usize = 20;

/// What an appliance is told.
pub(crate) enum Told {
    /// Takes half a second, so that one can see a mailbox fill and empty.
    Work,
    Fail,
    Panic,
    Hang,
}

struct Appliance;

impl Actor for Appliance {
    type Msg = Told;

    async fn on_start(&mut self, ctx: &mut Context<Told>) -> ActorResult {
        // So that others find it. The name stays through restarts, where it is taken already: by this very actor.
        let path = ctx.path().to_string();
        let _ = ctx.system().registry().register(path, &ctx.handle());
        Ok(())
    }

    async fn handle(&mut self, told: Told, _ctx: &mut Context<Told>) -> ActorResult {
        match told {
            Told::Work => tokio::time::sleep(Duration::from_millis(500)).await,
            Told::Fail => return Err(ActorError::new("a fuse has blown")),
            Told::Panic => std::panic::panic_any("a wire is loose".to_owned()),
            Told::Hang => std::future::pending().await,
        }
        Ok(())
    }
}

fn appliance(name: &str) -> ChildSpec<Appliance> {
    ChildSpec::new(name, || Appliance)
        .mailbox(MailboxSpec::bounded(MAILBOX_MESSAGES))
        .shutdown(Duration::from_secs(1))
}

pub(crate) async fn start() -> anyhow::Result<System> {
    let system = System::new("house");
    let patience = Backoff::new(Duration::from_secs(2), Duration::from_secs(8)).jitter(0.0);
    let kitchen = Supervisor::one_for_one()
        .child(appliance("oven"))
        .child(appliance("fridge").backoff(patience));
    let lights = Supervisor::one_for_all()
        .child(appliance("hall"))
        .child(appliance("stairs"));
    let heating = Supervisor::rest_for_one()
        .child(appliance("pump"))
        .child(appliance("boiler"))
        .child(appliance("radiator"));
    system.start(kitchen.named("kitchen")).await?;
    system.start(lights.named("lights")).await?;
    system.start(heating.named("heating")).await?;
    Ok(system)
}
