//! The floor: a tokio task for each actor with an `mpsc` channel of enum messages, written by hand.

use std::marker::PhantomData;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::framework::{Behaviour, Framework, List, Mailbox, PLACES, Threads};
use crate::work::Work;

/// Tasks with channels of one kind, without a branch where a program would have none.
pub struct Raw<K>(PhantomData<K>);

/// `mpsc::channel(1024)`.
pub struct Bounded;

/// `mpsc::unbounded_channel()`.
pub struct Unbounded;

/// A kind of channel.
pub trait Channel: Send + Sync + 'static {
    /// Its kind of mailbox.
    const MAILBOX: Mailbox;
    /// Its sending end.
    type Sender<M: Send + 'static>: Clone + Send + Sync + Unpin + 'static;
    /// Its receiving end.
    type Receiver<M: Send + 'static>: Send + 'static;

    /// A channel.
    fn pair<M: Send + 'static>() -> (Self::Sender<M>, Self::Receiver<M>);

    /// Sends, and waits for room if it must.
    fn send<M: Send + 'static>(to: &Self::Sender<M>, msg: M) -> impl Future<Output = ()> + Send;

    /// Sends to one that has room.
    fn send_now<M: Send + 'static>(to: &Self::Sender<M>, msg: M);

    /// Takes the next message.
    fn recv<M: Send + 'static>(from: &mut Self::Receiver<M>) -> impl Future<Output = Option<M>> + Send;
}

impl Channel for Bounded {
    const MAILBOX: Mailbox = Mailbox::Bounded;
    type Sender<M: Send + 'static> = mpsc::Sender<M>;
    type Receiver<M: Send + 'static> = mpsc::Receiver<M>;

    fn pair<M: Send + 'static>() -> (mpsc::Sender<M>, mpsc::Receiver<M>) {
        mpsc::channel(PLACES)
    }

    async fn send<M: Send + 'static>(to: &mpsc::Sender<M>, msg: M) {
        assert!(to.send(msg).await.is_ok(), "the task lives");
    }

    fn send_now<M: Send + 'static>(to: &mpsc::Sender<M>, msg: M) {
        assert!(to.try_send(msg).is_ok(), "the task has room");
    }

    async fn recv<M: Send + 'static>(from: &mut mpsc::Receiver<M>) -> Option<M> {
        from.recv().await
    }
}

impl Channel for Unbounded {
    const MAILBOX: Mailbox = Mailbox::Unbounded;
    type Sender<M: Send + 'static> = mpsc::UnboundedSender<M>;
    type Receiver<M: Send + 'static> = mpsc::UnboundedReceiver<M>;

    fn pair<M: Send + 'static>() -> (mpsc::UnboundedSender<M>, mpsc::UnboundedReceiver<M>) {
        mpsc::unbounded_channel()
    }

    async fn send<M: Send + 'static>(to: &mpsc::UnboundedSender<M>, msg: M) {
        Self::send_now(to, msg);
    }

    fn send_now<M: Send + 'static>(to: &mpsc::UnboundedSender<M>, msg: M) {
        assert!(to.send(msg).is_ok(), "the task lives");
    }

    async fn recv<M: Send + 'static>(from: &mut mpsc::UnboundedReceiver<M>) -> Option<M> {
        from.recv().await
    }
}

/// What a task takes.
pub enum Msg<T, A, R> {
    /// That wants no answer.
    Tell(T),
    /// That wants one.
    Ask(A, oneshot::Sender<R>),
}

type Letter<K, B> =
    Msg<<B as Behaviour<Raw<K>>>::Tell, <B as Behaviour<Raw<K>>>::Ask, <B as Behaviour<Raw<K>>>::Answer>;

/// Whether the task is to end.
#[derive(Default)]
pub struct Ending(bool);

async fn serve<K: Channel, B: Behaviour<Raw<K>>>(mut doer: B, mut receiver: K::Receiver<Letter<K, B>>) {
    let mut here = Ending::default();
    while let Some(msg) = K::recv(&mut receiver).await {
        match msg {
            Msg::Tell(msg) => doer.told(msg, &mut here).await,
            Msg::Ask(question, reply) => drop(reply.send(doer.asked(question).await)),
        }
        if here.0 {
            return;
        }
    }
}

fn spawn<K: Channel, B: Behaviour<Raw<K>>>(doer: B) -> (K::Sender<Letter<K, B>>, JoinHandle<()>) {
    let (sender, receiver) = K::pair();
    (sender, tokio::spawn(serve::<K, B>(doer, receiver)))
}

impl<K: Channel> Framework for Raw<K> {
    type World = ();
    type Ref<B: Behaviour<Self>> = K::Sender<Letter<K, B>>;
    type End = JoinHandle<()>;
    type Here<B: Behaviour<Self>> = Ending;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = K::MAILBOX;

    fn has(mailbox: Mailbox) -> bool {
        mailbox == K::MAILBOX
    }

    fn world() {}

    async fn spawn<B: Behaviour<Self>>(
        (): &(),
        _: u64,
        _: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, JoinHandle<()>) {
        spawn::<K, B>(make())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        _: &mut Ending,
        _: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        spawn::<K, C>(make()).0
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Ending) {
        here.0 = true;
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, end: JoinHandle<()>) {
        drop(who);
        end.await.expect("the task ends");
    }

    fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) -> impl Future<Output = ()> + Send {
        K::send(to, Msg::Tell(msg))
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        K::send_now(to, Msg::Tell(msg));
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        let (reply, answer) = oneshot::channel();
        K::send(to, Msg::Ask(question, reply)).await;
        answer.await.expect("the task answers")
    }
}

/// Runs a workload on the kind of channel that one would choose for it.
///
/// Nobody who broadcasts by hand waits for the slowest: that is what an unbounded channel is taken for.
pub fn run(work: Work, threads: Threads, operations: u64) -> Option<f64> {
    let unbounded = match work {
        Work::Tell { mailbox, .. } => mailbox == Mailbox::Unbounded,
        Work::Broadcast { .. } | Work::Chat => true,
        _ => false,
    };
    if unbounded {
        crate::work::run::<Raw<Unbounded>>(work, threads, operations)
    } else {
        crate::work::run_growing::<Raw<Bounded>>(work, threads, operations)
    }
}
