//! ractor: `cast` and `call` with one enum of messages, by its native async trait. Its mailboxes have no bound. Children
//! are spawned unlinked, which is less work.

use benches::framework::{Behaviour, Framework, List, Mailbox};
use ractor::concurrency::JoinHandle;
use ractor::rpc::CallResult;
use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

pub(crate) struct Ractor;

pub(crate) enum Msg<B: Behaviour<Ractor>> {
    Tell(B::Tell),
    Ask(B::Ask, RpcReplyPort<B::Answer>),
}

#[cfg(feature = "remote")]
impl<B: Behaviour<Ractor>> ractor::Message for Msg<B> {}

struct Doer<B>(std::marker::PhantomData<B>);

impl<B: Behaviour<Ractor>> Actor for Doer<B> {
    type Msg = Msg<B>;
    type State = B;
    type Arguments = B;

    async fn pre_start(&self, _: ActorRef<Msg<B>>, doer: B) -> Result<B, ActorProcessingErr> {
        Ok(doer)
    }

    async fn handle(&self, mut own: ActorRef<Msg<B>>, msg: Msg<B>, doer: &mut B) -> Result<(), ActorProcessingErr> {
        match msg {
            Msg::Tell(msg) => doer.told(msg, &mut own).await,
            Msg::Ask(question, reply) => reply.send(doer.asked(question).await)?,
        }
        Ok(())
    }
}

async fn spawn<B: Behaviour<Ractor>>(doer: B) -> (ActorRef<Msg<B>>, JoinHandle<()>) {
    let spawned = Actor::spawn(None, Doer(std::marker::PhantomData), doer).await;
    spawned.expect("it starts")
}

impl Framework for Ractor {
    type World = ();
    type Ref<B: Behaviour<Self>> = ActorRef<Msg<B>>;
    type End = JoinHandle<()>;
    type Here<B: Behaviour<Self>> = ActorRef<Msg<B>>;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = Mailbox::Unbounded;

    fn has(mailbox: Mailbox) -> bool {
        mailbox == Mailbox::Unbounded
    }

    fn world() {}

    async fn spawn<B: Behaviour<Self>>(
        (): &(),
        _: u64,
        _: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, JoinHandle<()>) {
        spawn(make()).await
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        _: &mut Self::Here<B>,
        _: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        spawn(make()).await.0
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Self::Here<B>) {
        here.stop(None);
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, end: JoinHandle<()>) {
        who.drain().expect("the actor lives");
        end.await.expect("the actor ends");
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        Self::tell_now::<B>(to, msg);
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        assert!(to.cast(Msg::Tell(msg)).is_ok(), "the actor lives");
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        match to.call(|reply| Msg::Ask(question, reply), None).await {
            Ok(CallResult::Success(answer)) => answer,
            _ => unreachable!("the actor answers"),
        }
    }
}
