//! actix: `do_send` and `send`, on a `System` of one thread as `#[actix::main]` makes it. A handler that waits answers by
//! an `AtomicResponse`. Its mailboxes have a bound, but no tell waits for room: `do_send` ignores it.

use std::pin::pin;
use std::task::{Poll, Waker};

use actix::dev::{MessageResponse, OneshotSender};
use actix::prelude::*;
use benches::framework::{Behaviour, Framework, List, Mailbox, Threads};
use tokio::task::JoinHandle;

pub(crate) struct Actix;

/// What it does is taken out of it while a handler waits.
pub(crate) struct Doer<B>(Option<B>);

impl<B> Doer<B> {
    fn free(&mut self) -> &mut B {
        self.0.as_mut().expect("nothing is handled while a handler waits")
    }
}

impl<B: Behaviour<Actix>> Actor for Doer<B> {
    type Context = Context<Self>;
}

pub(crate) struct Tell<T>(T);

impl<T: 'static> Message for Tell<T> {
    type Result = ();
}

/// Whether the actor is to end.
#[derive(Default)]
pub(crate) struct Ending(bool);

impl<B: Behaviour<Actix>> Handler<Tell<B::Tell>> for Doer<B> {
    type Result = ();

    fn handle(&mut self, Tell(msg): Tell<B::Tell>, ctx: &mut Context<Self>) {
        let mut here = Ending::default();
        at_once(self.free().told(msg, &mut here));
        if here.0 {
            ctx.stop();
        }
    }
}

pub(crate) struct Ask<B: Behaviour<Actix>>(B::Ask);

impl<B: Behaviour<Actix>> Message for Ask<B> {
    type Result = B::Answer;
}

impl<B: Behaviour<Actix>> Handler<Ask<B>> for Doer<B> {
    type Result = Response<B>;

    fn handle(&mut self, Ask(question): Ask<B>, _: &mut Context<Self>) -> Response<B> {
        if !B::WAITS {
            return Response::Now(at_once(self.free().asked(question)));
        }
        let mut doer = self.0.take().expect("nothing is handled while a handler waits");
        let answering = async move {
            let answer = doer.asked(question).await;
            (doer, answer)
        };
        let answering = answering.into_actor(self).map(|(doer, answer), this, _| {
            this.0 = Some(doer);
            answer
        });
        Response::Later(AtomicResponse::new(Box::pin(answering)))
    }
}

pub(crate) enum Response<B: Behaviour<Actix>> {
    Now(B::Answer),
    Later(AtomicResponse<Doer<B>, B::Answer>),
}

impl<B: Behaviour<Actix>> MessageResponse<Doer<B>, Ask<B>> for Response<B> {
    fn handle(self, ctx: &mut Context<Doer<B>>, reply: Option<OneshotSender<B::Answer>>) {
        match (self, reply) {
            (Self::Now(answer), Some(reply)) => drop(reply.send(answer)),
            (Self::Now(_), None) => {}
            (Self::Later(response), reply) => {
                MessageResponse::<Doer<B>, Ask<B>>::handle(response, ctx, reply);
            }
        }
    }
}

struct Stop;

impl Message for Stop {
    type Result = ();
}

impl<B: Behaviour<Actix>> Handler<Stop> for Doer<B> {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

/// What a future that never waits comes to.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("no tell waits for room here, and who waits for an answer says so"),
    }
}

impl Framework for Actix {
    type World = ();
    type Ref<B: Behaviour<Self>> = Addr<Doer<B>>;
    type End = ();
    type Here<B: Behaviour<Self>> = Ending;
    type Crowd<B: Behaviour<Self, Tell: Clone>> = List<Self, B>;

    const USUAL: Mailbox = Mailbox::Unbounded;

    fn has(mailbox: Mailbox) -> bool {
        mailbox == Mailbox::Unbounded
    }

    fn run<T: Send + 'static>(_: Threads, work: impl Future<Output = T> + Send + 'static) -> T {
        System::new().block_on(work)
    }

    fn go<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        actix::spawn(task)
    }

    fn world() {}

    async fn spawn<B: Behaviour<Self>>(
        (): &(),
        _: u64,
        _: Mailbox,
        make: impl FnOnce() -> B + Send + 'static,
    ) -> (Self::Ref<B>, ()) {
        (Doer(Some(make())).start(), ())
    }

    async fn spawn_child<B: Behaviour<Self>, C: Behaviour<Self>>(
        _: &mut Ending,
        _: u64,
        make: impl FnOnce() -> C + Send + 'static,
    ) -> Self::Ref<C> {
        Doer(Some(make())).start()
    }

    fn stop_here<B: Behaviour<Self>>(here: &mut Ending) {
        here.0 = true;
    }

    async fn stop<B: Behaviour<Self>>(who: Self::Ref<B>, (): ()) {
        who.send(Stop).await.expect("the actor lives");
    }

    async fn tell<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        to.do_send(Tell(msg));
    }

    fn tell_now<B: Behaviour<Self>>(to: &Self::Ref<B>, msg: B::Tell) {
        to.do_send(Tell(msg));
    }

    async fn ask<B: Behaviour<Self>>(to: &Self::Ref<B>, question: B::Ask) -> B::Answer {
        to.send(Ask::<B>(question)).await.expect("the actor answers")
    }
}
