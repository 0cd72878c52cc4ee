//! xtra: `send(…).detach()` to tell, `send(…)` to ask. Mailboxes of a chosen bound or none.

use std::pin::pin;
use std::task::{Context as Polled, Poll, Waker};

use benches::framework::{Behaviour, Framework, List, Mailbox, PLACES};
use xtra::prelude::*;

pub(crate) struct Xtra;

pub(crate) struct Doer<B>(B);

impl<B: Behaviour<Xtra>> Actor for Doer<B> {
    type Stop = ();

    async fn stopped(self) {}
}

struct Tell<T>(T);

impl<B: Behaviour<Xtra>> Handler<Tell<B::Tell>> for Doer<B> {
    type Return = ();

    async fn handle(&mut self, Tell(msg): Tell<B::Tell>, ctx: &mut Context<Self>) {
        self.0.told(msg, ctx).await;
    }
}

struct Ask<Q>(Q);

impl<B: Behaviour<Xtra>> Handler<Ask<B::Ask>> for Doer<B> {
    type Return = B::Answer;

    async fn handle(&mut self, Ask(question): Ask<B::Ask>, _: &mut Context<Self>) -> B::Answer {
        self.0.asked(question).await
    }
}

struct Stop;

impl<B: Behaviour<Xtra>> Handler<Stop> for Doer<B> {
    type Return = ();

    async fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop_self();
    }
}

impl Framework for Xtra {
    type World = ();
    type Ref<B: Behaviour<Self>> = Address<Doer<B>>;
    type End = ();
    type Here<B: Behaviour<Self>> = Context<Doer<B>>;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = Mailbox::Unbounded;

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
            Mailbox::Bounded => xtra::Mailbox::bounded(PLACES),
            Mailbox::Unbounded => xtra::Mailbox::unbounded(),
        };
        (xtra::spawn_tokio(Doer(make()), mailbox), ())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        _: &mut Self::Here<B>,
        number: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        Self::spawn(&(), number, Self::USUAL, make).await.0
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Self::Here<B>) {
        here.stop_self();
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, (): ()) {
        assert!(who.send(Stop).detach().await.is_ok(), "the actor lives");
        who.join().await;
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        assert!(to.send(Tell(msg)).detach().await.is_ok(), "the actor lives");
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        let telling = pin!(to.send(Tell(msg)).detach());
        let told = telling.poll(&mut Polled::from_waker(Waker::noop()));
        assert!(matches!(told, Poll::Ready(Ok(_))), "the actor has room");
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        to.send(Ask(question)).await.expect("the actor answers")
    }
}
