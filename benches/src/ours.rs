//! Actors of actor-core.

use actor_core::prelude::*;

use crate::framework::{Behaviour, Crowd, Framework, Mailbox};

/// Actors of actor-core.
pub struct Ours;

/// What an actor takes.
pub enum Msg<F: Framework, B: Behaviour<F>> {
    /// That wants no answer.
    Tell(B::Tell),
    /// That wants one.
    Ask(B::Ask, Reply<B::Answer>),
}

type Letter<B> = Msg<Ours, B>;

struct Doer<B>(B);

impl<B: Behaviour<Ours>> Actor for Doer<B> {
    type Msg = Letter<B>;

    async fn handle(&mut self, msg: Letter<B>, ctx: &mut Context<Letter<B>>) -> ActorResult {
        match msg {
            Msg::Tell(msg) => self.0.told(msg, ctx).await,
            Msg::Ask(question, reply) => reply.send(self.0.asked(question).await),
        }
        Ok(())
    }
}

impl Framework for Ours {
    type World = System;
    type Ref<B: Behaviour<Self>> = Handle<Letter<B>>;
    type End = ();
    type Here<B: Behaviour<Self>> = Context<Letter<B>>;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = Group<Letter<B>>;

    const USUAL: Mailbox = Mailbox::Bounded;

    fn has(_: Mailbox) -> bool {
        true
    }

    fn world() -> System {
        System::new("bench")
    }

    async fn end(world: System) {
        world.shutdown().await;
    }

    async fn spawn<B: Behaviour<Self>>(
        world: &System,
        number: u64,
        mailbox: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, ()) {
        let spec = ChildSpec::once(number.to_string(), move || Doer(make()));
        let spec = match mailbox {
            Mailbox::Bounded => spec,
            Mailbox::Unbounded => spec.mailbox(MailboxSpec::unbounded()),
        };
        (world.spawn_spec(spec).expect("the name is new"), ())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        here: &mut Self::Here<B>,
        number: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        let spec = ChildSpec::once(number.to_string(), move || Doer(make()));
        here.spawn(spec).expect("the name is new")
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Self::Here<B>) {
        here.stop();
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, _: ()) {
        let _ = who.drain().await;
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        to.tell(Msg::Tell(msg)).await.expect("the actor lives");
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        to.try_tell(Msg::Tell(msg)).expect("the actor has room");
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        to.ask(|reply| Msg::Ask(question, reply))
            .await
            .expect("the actor answers")
    }
}

impl<B: Behaviour<Ours, Tell: Clone>> Clone for Letter<B> {
    fn clone(&self) -> Self {
        match self {
            Self::Tell(msg) => Self::Tell(msg.clone()),
            Self::Ask(..) => unreachable!("nobody asks many at once"),
        }
    }
}

impl<B: Behaviour<Ours, Tell: Clone>> Crowd<Ours, B> for Group<Letter<B>> {
    fn join(&mut self, _: u64, who: Handle<Letter<B>>) {
        Group::join(self, &who);
    }

    fn leave(&mut self, _: u64, who: &Handle<Letter<B>>) {
        Group::leave(self, who);
    }

    fn tell_all(&self, msg: &B::Tell) {
        assert_eq!(self.broadcast(Msg::Tell(msg.clone())).full, 0, "all have room");
    }
}
