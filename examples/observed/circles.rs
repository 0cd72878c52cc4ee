//! Circles of waits: one that another worker of a pool undoes in a while, and one that would never end, which is refused.

use std::time::Duration;

use actor_core::prelude::*;

/// How long a clerk is at a case.
const CASE: Duration = Duration::from_secs(20);

/// How often one of two asks the other, which asks back.
const MEET_EVERY: Duration = Duration::from_secs(6);

/// Spawns both.
pub(crate) fn spawn(system: &System) -> anyhow::Result<()> {
    let clerks = Pool::round_robin("clerks", 2, || {
        ChildSpec::new("clerk", || Clerk).mailbox(MailboxSpec::bounded(1))
    });
    let clerks = system.spawn_spec(clerks)?;
    system.spawn("mayor", move || Mayor(clerks.clone()))?;
    let egg = system.spawn("egg", || Egg)?;
    system.spawn("hen", move || Hen(egg.clone()))?;
    Ok(())
}

/// Hands out cases, and waits for room at either clerk; of whom one has asked the mayor something.
struct Mayor(Handle<Case>);

enum Rule {
    HandOut,
    Ask(Reply<()>),
}

impl Actor for Mayor {
    type Msg = Rule;

    async fn on_start(&mut self, ctx: &mut Context<Rule>) -> ActorResult {
        ctx.every(2 * CASE, || Rule::HandOut);
        ctx.handle().try_tell(Rule::HandOut)?;
        Ok(())
    }

    async fn handle(&mut self, rule: Rule, ctx: &mut Context<Rule>) -> ActorResult {
        match rule {
            Rule::Ask(reply) => reply.send(()),
            Rule::HandOut => {
                self.0.tell(Case::Difficult(ctx.handle())).await?;
                for _ in 0..4 {
                    self.0.tell(Case::Long).await?;
                }
            }
        }
        Ok(())
    }
}

/// Deals with one case after the other.
struct Clerk;

enum Case {
    Long,
    /// Only the mayor knows.
    Difficult(Handle<Rule>),
}

impl Actor for Clerk {
    type Msg = Case;

    async fn handle(&mut self, case: Case, _ctx: &mut Context<Case>) -> ActorResult {
        match case {
            Case::Long => tokio::time::sleep(CASE).await,
            Case::Difficult(mayor) => mayor.ask(Rule::Ask).no_timeout().await?,
        }
        Ok(())
    }
}

/// Asks the egg which of them was first.
struct Hen(Handle<Which>);

enum First {
    Ask,
    Was(Reply<()>),
}

impl Actor for Hen {
    type Msg = First;

    async fn on_start(&mut self, ctx: &mut Context<First>) -> ActorResult {
        ctx.every(MEET_EVERY, || First::Ask);
        Ok(())
    }

    async fn handle(&mut self, first: First, ctx: &mut Context<First>) -> ActorResult {
        match first {
            First::Was(reply) => reply.send(()),
            First::Ask => {
                let hen = ctx.handle();
                // That the egg fails on it is its own trouble.
                let _ = self.0.ask(|reply| Which(hen, reply)).await;
            }
        }
        Ok(())
    }
}

/// Asks the hen back before it answers.
struct Egg;

struct Which(Handle<First>, Reply<()>);

impl Actor for Egg {
    type Msg = Which;

    async fn handle(&mut self, Which(hen, reply): Which, _ctx: &mut Context<Which>) -> ActorResult {
        hen.ask(First::Was).await?;
        reply.send(());
        Ok(())
    }
}
