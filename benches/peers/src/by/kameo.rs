//! kameo: `tell(…).send()` and `ask(…).send()`, which need no box for the request as awaiting it directly does;
//! `try_send()` where nobody waits. Mailboxes of a chosen bound or none. Children are spawned unlinked, which is less
//! work.

use benches::framework::{Behaviour, Framework, List, Mailbox, PLACES};
use kameo::actor::{ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::mailbox;
use kameo::message::{Context, Message};
use kameo::{Actor, Reply};

pub(crate) struct Kameo;

pub(crate) struct Doer<B>(B);

impl<B: Behaviour<Kameo>> Actor for Doer<B> {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(doer: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(doer)
    }
}

pub(crate) struct Tell<T>(T);

impl<B: Behaviour<Kameo>> Message<Tell<B::Tell>> for Doer<B> {
    type Reply = ();

    async fn handle(&mut self, Tell(msg): Tell<B::Tell>, ctx: &mut Context<Self, ()>) {
        self.0.told(msg, ctx).await;
    }
}

pub(crate) struct Ask<Q>(Q);

/// Any answer, as kameo wants to know of each type that it is one.
#[derive(Reply)]
pub(crate) struct Answer<T: Send + 'static>(T);

impl<B: Behaviour<Kameo>> Message<Ask<B::Ask>> for Doer<B> {
    type Reply = Answer<B::Answer>;

    async fn handle(&mut self, Ask(question): Ask<B::Ask>, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Answer(self.0.asked(question).await)
    }
}

impl Framework for Kameo {
    type World = ();
    type Ref<B: Behaviour<Self>> = ActorRef<Doer<B>>;
    type End = ();
    type Here<B: Behaviour<Self>> = Context<Doer<B>, ()>;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = Mailbox::Bounded;

    fn has(_: Mailbox) -> bool {
        true
    }

    fn world() {}

    async fn spawn<B: Behaviour<Self>>(
        (): &(),
        _: u64,
        kind: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, ()) {
        let mailbox = match kind {
            Mailbox::Bounded => mailbox::bounded(PLACES),
            Mailbox::Unbounded => mailbox::unbounded(),
        };
        (Doer::spawn_with_mailbox(Doer(make()), mailbox), ())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        _: &mut Self::Here<B>,
        number: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        Self::spawn(&(), number, Self::USUAL, make).await.0
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Self::Here<B>) {
        here.stop();
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, (): ()) {
        who.stop_gracefully().await.expect("the actor lives");
        who.wait_for_shutdown().await;
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        assert!(to.tell(Tell(msg)).send().await.is_ok(), "the actor lives");
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        assert!(to.tell(Tell(msg)).try_send().is_ok(), "the actor has room");
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        match to.ask(Ask(question)).send().await {
            Ok(Answer(answer)) => answer,
            Err(_) => unreachable!("the actor answers"),
        }
    }
}
