//! State with one owner, and what it does with its messages.

use std::borrow::Cow;
use std::future::Future;
use std::mem;

use crate::context::Context;
use crate::error::ActorResult;
use crate::exit::ExitReason;
use crate::signal::Signal;

/// State that is changed by messages only, one after the other.
///
/// Write the methods as `async fn`. While one of them waits, no other message of this actor is handled; other actors go
/// on. A method that computes for long, or blocks, holds its thread: [`Context::blocking`] is the way out.
///
/// An error returned from a method, like a panic in it, is a *failure*: the state is dropped, and the supervisor
/// decides what comes then. `?` is the way to let it crash.
pub trait Actor: Sized + Send + 'static {
    /// What the actor is told: usually an enum, whose questions carry a [`Reply`](crate::Reply).
    type Msg: Send + 'static;

    /// Runs before the first message, and again after each restart, on the new state.
    ///
    /// A failure here is a failed start; `on_stop` does not run after it.
    fn on_start(&mut self, ctx: &mut Context<Self::Msg>) -> impl Future<Output = ActorResult> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Deals with one message.
    fn handle(&mut self, msg: Self::Msg, ctx: &mut Context<Self::Msg>) -> impl Future<Output = ActorResult> + Send;

    /// Hears that a child or a watched actor has ended.
    fn on_signal(&mut self, signal: Signal, ctx: &mut Context<Self::Msg>) -> impl Future<Output = ActorResult> + Send {
        let _ = (signal, ctx);
        async { Ok(()) }
    }

    /// What kind of message this is, for those who look at the actor [closely](crate::CloseUp): a name out of a few, and nothing of what is inside.
    ///
    /// Called only while somebody does. Unless it says otherwise, this is the number of the variant, if the message is an enum.
    fn kind_of(msg: &Self::Msg) -> Cow<'static, str> {
        let variant = format!("{:?}", mem::discriminant(msg));
        variant.replace("Discriminant(", "variant ").replace(')', "").into()
    }

    /// Runs at the end of each life, also of one that failed, unless it was killed or its start failed.
    ///
    /// The children have ended by then, and nothing attached runs any more. The state may be what a failed handler
    /// left. A failure here becomes the reason of an end that was in order until then.
    fn on_stop(
        &mut self,
        reason: &ExitReason,
        ctx: &mut Context<Self::Msg>,
    ) -> impl Future<Output = ActorResult> + Send {
        let _ = (reason, ctx);
        async { Ok(()) }
    }
}
