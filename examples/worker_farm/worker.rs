//! A worker: computes beside the runtime, and comes back to a coordinator that it has lost.

use std::time::Duration;

use actor_core::prelude::*;
use actor_net::wire::codes::Refusal;
use actor_net::{Closed, LookupError, Node, Security};
use anyhow::bail;

use super::flags;
use super::primes;
use super::secret;
use super::spoken::{Farm, Work};

/// How long it looks for its coordinator, and how often.
const GIVES_UP: Duration = Duration::from_secs(60);
const LOOKS_EVERY: Duration = Duration::from_millis(250);

struct Worker;

impl Actor for Worker {
    type Msg = Work;

    async fn handle(&mut self, msg: Work, ctx: &mut Context<Work>) -> ActorResult {
        match msg {
            Work::Do { job, tell } => {
                // Heartbeats go on meanwhile: a busy worker is not a dead one.
                let primes = ctx.blocking(move || primes::of_job(job)).await?;
                // A coordinator that has lost us gives the job to somebody else.
                let _ = tell.tell(Farm::Done { job, primes }).await;
            }
            Work::Enough => ctx.stop(),
        }
        Ok(())
    }
}

/// Works for the coordinator until that has nothing left to do.
pub(crate) async fn run(flags: &flags::Worker) -> anyhow::Result<()> {
    let security = Security::secret(secret::read(&flags.secret)?);
    let system = System::new("farm");
    let node = Node::builder(&system).name(&flags.name).security(security);
    let node = node.peer("coordinator", &flags.coordinator).config(super::config());
    let node = node.start().await?;
    let worker = system.spawn("worker", || Worker)?;
    let mut ended = worker.watch();
    loop {
        let farm = tokio::select! {
            // A coordinator that said that it is enough is not looked for when it has gone.
            _ = &mut ended => break,
            found = tokio::time::timeout(GIVES_UP, find(&node)) => match found {
                Ok(found) => found?,
                Err(_) => bail!("no coordinator at {} for {GIVES_UP:?}", flags.coordinator),
            },
        };
        let joining = Farm::Join {
            name: flags.name.clone(),
            worker: worker.clone(),
        };
        if farm.tell(joining).await.is_err() {
            continue;
        }
        tokio::select! {
            _ = &mut ended => break,
            down = farm.watch() => eprintln!("{}: the coordinator {}; looking for it again", flags.name, down.reason),
        }
    }
    node.leave().await;
    system.shutdown().await;
    Ok(())
}

async fn find(node: &Node) -> Result<Handle<Farm>, LookupError> {
    loop {
        match node.lookup("farm@coordinator").await {
            Err(why) if may_pass(&why) => tokio::time::sleep(LOOKS_EVERY).await,
            found => return found,
        }
    }
}

/// Whether it is worth to try again: who is not there yet may come, but a wrong secret stays wrong.
fn may_pass(why: &LookupError) -> bool {
    match why {
        // The coordinator may not have noticed yet that the one before us was killed.
        LookupError::Unreachable(Closed::RefusedByPeer { code, .. }) => {
            matches!(code, Refusal::NameTaken | Refusal::Simultaneous | Refusal::Busy)
        }
        LookupError::Unreachable(Closed::Refused { .. }) => false,
        LookupError::Unreachable(_) | LookupError::NotFound | LookupError::NodeDown => true,
        _ => false,
    }
}
