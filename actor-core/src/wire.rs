//! Handles and reply ports as bytes: what connects nodes builds on this, and applications do not need to see it.
//!
//! A [`Handle`] and a [`Reply`](crate::Reply) implement `Serialize` and `Deserialize` where their messages and answers can travel. They
//! have a wire form only while a message is on its way to or from a [`Peer`]: for a handle an [`Address`], for a reply
//! port the number of a call. Outside of that it is an error of serde. Beside them is what only those who connect nodes need of the rest.

mod answer;
mod batch;
mod export;
mod route;

use std::sync::Arc;

use actor_wire::Wire;

use crate::contain::contain;
use crate::exit::{Failure, FailureKind};
use crate::group::Group;
use crate::handle::Handle;
use crate::id::ActorPath;
use crate::scheduler;
use crate::system::System;

pub use crate::error::NoRoom;
pub use crate::peer::{
    Address, Arrival, Arrivals, Asked, Asker, Asks, ExportId, Exported, Imported, Line, Linked, NotSent, Order, Parcel,
    Peer, Proxy, Terms, Watched,
};
pub use crate::question::Abroad;
pub use crate::trace::{Propagator, TraceContext};

/// Reads a message or an answer from bytes. A panic of a user's `Deserialize` is no more than bytes that are not
/// understood.
fn decode<T: Wire>(terms: &Terms, body: &[u8]) -> Result<T, String> {
    let decode = || {
        let decoded = terms.codec.decode::<T>(body, &terms.limits);
        decoded.map_err(|why| why.to_string())
    };
    contain(decode).unwrap_or_else(|panic| Err(panicked(&panic)))
}

fn panicked(words: &str) -> String {
    format!("its Deserialize panicked: {words}")
}

/// A group without a name, which calls `notice` when somebody has joined or left; from wherever that happened.
pub fn noticed_group<M: Send + 'static>(notice: impl Fn() + Send + Sync + 'static) -> Group<M> {
    Group::noticed(notice)
}

/// In an actor, has all others go first, once, that are queued with the same worker. Cancel safe.
pub async fn yield_now() {
    scheduler::yield_now().await;
}

/// What stands here for an actor at another node. There is to be one for each address: handles are equal by it.
pub fn proxy(system: &System, peer: Arc<dyn Peer>, address: Address) -> Arc<Proxy> {
    let home = system.home();
    Proxy::of(home.ledger.clone(), home.scheduler.clone(), peer, address)
}

/// A handle to an actor at another node, taken to understand messages of this type.
pub fn handle_to<M: Wire>(proxy: Arc<Proxy>) -> Handle<M> {
    route::to(proxy)
}

/// A failure that another node tells of: what failed there, how, in which words, and because of what.
pub fn failure(path: &str, node: &str, kind: FailureKind, words: String, cause: Option<Failure>) -> Failure {
    Failure::caused_by(ActorPath::far(path, node), kind, words, cause)
}

/// Lets other nodes reach the actor. Its peers give it an [`Address`].
pub fn exported<M: Wire>(handle: &Handle<M>) -> Arc<dyn Exported> {
    export::of(handle)
}

/// The handle that was exported, if it is one for messages of this type.
pub fn handle_of<M: Wire>(exported: Arc<dyn Exported>) -> Option<Handle<M>> {
    export::handle_of(exported)
}
