//! coerce: `notify` and `send`, with anonymous actors, which its own benchmarks use. Its mailboxes have no bound.

use async_trait::async_trait;
use benches::framework::{Behaviour, Framework, List, Mailbox};
use coerce::actor::context::ActorContext;
use coerce::actor::message::{Handler, Message};
use coerce::actor::scheduler::ActorType::Anonymous;
use coerce::actor::system::ActorSystem;
use coerce::actor::{Actor, LocalActorRef};

pub(crate) struct Coerce;

pub(crate) struct Doer<B>(B);

impl<B: Behaviour<Coerce>> Actor for Doer<B> {}

struct Tell<B: Behaviour<Coerce>>(B::Tell);

impl<B: Behaviour<Coerce>> Message for Tell<B> {
    type Result = ();
}

#[async_trait]
impl<B: Behaviour<Coerce>> Handler<Tell<B>> for Doer<B> {
    async fn handle(&mut self, Tell(msg): Tell<B>, ctx: &mut ActorContext) {
        self.0.told(msg, ctx).await;
    }
}

struct Ask<B: Behaviour<Coerce>>(B::Ask);

impl<B: Behaviour<Coerce>> Message for Ask<B> {
    type Result = B::Answer;
}

#[async_trait]
impl<B: Behaviour<Coerce>> Handler<Ask<B>> for Doer<B> {
    async fn handle(&mut self, Ask(question): Ask<B>, _: &mut ActorContext) -> B::Answer {
        self.0.asked(question).await
    }
}

async fn spawn<B: Behaviour<Coerce>>(system: &ActorSystem, number: u64, doer: B) -> LocalActorRef<Doer<B>> {
    let spawned = system.new_actor(number, Doer(doer), Anonymous).await;
    spawned.expect("it starts")
}

impl Framework for Coerce {
    type World = ActorSystem;
    type Ref<B: Behaviour<Self>> = LocalActorRef<Doer<B>>;
    type End = ();
    type Here<B: Behaviour<Self>> = ActorContext;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = Mailbox::Unbounded;

    fn has(mailbox: Mailbox) -> bool {
        mailbox == Mailbox::Unbounded
    }

    fn world() -> ActorSystem {
        ActorSystem::new()
    }

    async fn end(world: ActorSystem) {
        world.shutdown().await;
    }

    async fn spawn<B: Behaviour<Self>>(
        world: &ActorSystem,
        number: u64,
        _: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, ()) {
        (spawn(world, number, make()).await, ())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        here: &mut ActorContext,
        number: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        spawn(here.system(), number, make()).await
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut ActorContext) {
        here.stop(None);
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, (): ()) {
        who.stop().await.expect("the actor lives");
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        Self::tell_now::<B>(to, msg);
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        to.notify(Tell::<B>(msg)).expect("the actor lives");
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        to.send(Ask::<B>(question)).await.expect("the actor answers")
    }
}
