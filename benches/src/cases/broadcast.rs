//! One message to ten thousand members, again and again; an operation is one delivery.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::PLACES;

const MEMBERS: u64 = 10_000;
const TEXT: &str = "a line of chat that is formatted once and shared by everybody in the room";

#[derive(Clone)]
enum Msg {
    Line(Arc<str>),
    /// When the last member has let go of it, all have seen every line before.
    Check(#[expect(dead_code, reason = "it is there to be dropped")] Arc<oneshot::Sender<()>>),
}

#[derive(Default)]
struct Member(usize);

impl Actor for Member {
    type Msg = Msg;

    async fn handle(&mut self, msg: Msg, _ctx: &mut Context<Msg>) -> ActorResult {
        self.0 += take(msg);
        Ok(())
    }
}

/// What a member does with a message, on both sides.
fn take(msg: Msg) -> usize {
    match msg {
        Msg::Line(text) => text.len(),
        Msg::Check(_) => 0,
    }
}

fn check() -> (Msg, oneshot::Receiver<()>) {
    let (answer, answered) = oneshot::channel();
    (Msg::Check(Arc::new(answer)), answered)
}

/// Every so many broadcasts the members are waited for, so that no mailbox is ever full.
const BETWEEN_CHECKS: u64 = 8;

pub(super) fn ours(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let system = System::new("broadcast");
        let group = system.group::<Msg>("everybody").expect("the group's type is new");
        for number in 0..MEMBERS {
            let member = system
                .spawn(format!("member-{number}"), Member::default)
                .expect("a fresh system has room");
            group.join(&member);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let text: Arc<str> = TEXT.into();
        let begun = Instant::now();
        for round in 0..operations.div_ceil(MEMBERS) {
            assert_eq!(group.broadcast(Msg::Line(Arc::clone(&text))).full, 0);
            if round % BETWEEN_CHECKS == BETWEEN_CHECKS - 1 {
                let (check, answered) = check();
                group.broadcast(check);
                answered.await.expect_err("nobody answers: it is let go");
            }
        }
        let (check, answered) = check();
        group.broadcast(check);
        answered.await.expect_err("nobody answers: it is let go");
        let took = begun.elapsed();
        system.shutdown().await;
        took
    })
}

pub(super) fn raw(runtime: &Runtime, operations: u64) -> Duration {
    runtime.block_on(async {
        let mut members = Vec::with_capacity(MEMBERS as usize);
        for _ in 0..MEMBERS {
            let (sender, mut receiver) = mpsc::channel::<Msg>(PLACES);
            tokio::spawn(async move {
                let mut bytes = 0;
                while let Some(msg) = receiver.recv().await {
                    bytes += take(msg);
                }
                bytes
            });
            members.push(sender);
        }
        let broadcast = |msg: Msg| {
            for member in &members {
                member.try_send(msg.clone()).expect("the member has room");
            }
        };
        tokio::time::sleep(Duration::from_millis(20)).await;
        let text: Arc<str> = TEXT.into();
        let begun = Instant::now();
        for round in 0..operations.div_ceil(MEMBERS) {
            broadcast(Msg::Line(Arc::clone(&text)));
            if round % BETWEEN_CHECKS == BETWEEN_CHECKS - 1 {
                let (check, answered) = check();
                broadcast(check);
                answered.await.expect_err("nobody answers: it is let go");
            }
        }
        let (check, answered) = check();
        broadcast(check);
        answered.await.expect_err("nobody answers: it is let go");
        begun.elapsed()
    })
}
