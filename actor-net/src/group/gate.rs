//! What stands for the members of one node to all others: it tells each of them what comes, and says who they are.

use actor_core::wire::yield_now;
use actor_core::{Actor, ActorResult, Context, Group, Handle, Reply};
use actor_wire::Wire;
use serde::{Deserialize, Serialize};

/// So many members are named in one answer.
const PAGE: usize = 1024;

/// After so many members others have their turn: one message may be for a hundred thousand. They are those who were just told, most of
/// them, and are polled while what they need is still in the cache of this core: after a thousand it is not, and a quarter is lost.
const TOLD_PER_TURN: usize = 64;

/// A question for some of the members.
#[derive(Serialize, Deserialize)]
#[serde(bound = "M: Wire")]
pub(super) struct Members<M: Wire> {
    /// From this one on, as they happen to stand.
    pub(super) from: usize,
    pub(super) reply: Reply<Page<M>>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "M: Wire")]
pub(super) struct Page<M: Wire> {
    pub(super) members: Vec<Handle<M>>,
    /// There are more.
    pub(super) goes_on: bool,
}

/// What comes from other nodes.
pub(super) enum Passage<M: Wire> {
    Cast(M),
    Members(Members<M>),
}

pub(super) struct Gate<M: Wire>(pub(super) Group<M>);

impl<M: Wire + Clone> Actor for Gate<M> {
    type Msg = Passage<M>;

    async fn handle(&mut self, msg: Passage<M>, _ctx: &mut Context<Passage<M>>) -> ActorResult {
        match msg {
            Passage::Cast(msg) => {
                for members in self.0.members().chunks(TOLD_PER_TURN) {
                    for member in members {
                        // One whose mailbox is full misses it, as it does where the message was made.
                        let _ = member.try_tell(msg.clone());
                    }
                    if members.len() == TOLD_PER_TURN {
                        yield_now().await;
                    }
                }
            }
            Passage::Members(Members { from, reply }) => {
                let all = self.0.members();
                let rest = all.get(from..).unwrap_or_default();
                reply.send(Page {
                    members: rest.iter().take(PAGE).cloned().collect(),
                    goes_on: rest.len() > PAGE,
                });
            }
        }
        Ok(())
    }
}
