//! One shared text to many, again and again; the coming and going of those many.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::framework::{Behaviour, Crowd, Framework, each};

const TEXT: &str = "a line of chat that is formatted once and shared by everybody in the room";

/// What a member of a crowd is told.
#[derive(Clone)]
pub(super) enum Line {
    Text(Arc<str>),
    /// When the last member has let go of it, all have seen every line before.
    Check(#[expect(dead_code, reason = "it is there to be dropped")] Arc<oneshot::Sender<()>>),
}

impl Line {
    pub(super) fn text() -> Self {
        Self::Text(TEXT.into())
    }

    pub(super) fn check() -> (Self, oneshot::Receiver<()>) {
        let (letting_go, let_go) = oneshot::channel();
        (Self::Check(Arc::new(letting_go)), let_go)
    }
}

/// One who is told.
#[derive(Default)]
pub(super) struct Member(usize);

impl<F: Framework> Behaviour<F> for Member {
    type Tell = Line;
    type Ask = ();
    type Answer = ();

    async fn told(&mut self, line: Line, _: &mut F::Here<Self>) {
        if let Line::Text(text) = line {
            self.0 += text.len();
        }
    }

    async fn asked(&mut self, (): ()) {}
}

/// Every so many broadcasts the members are waited for, so that no mailbox is ever full.
const BETWEEN_CHECKS: u64 = 8;

pub(super) async fn run<F: Framework>(world: F::World, operations: u64, members: u64) -> f64 {
    let mut crowd = F::Crowd::<Member>::default();
    for (number, member) in self::members::<F>(&world, members).await {
        crowd.join(number, member);
    }
    let broadcasts = operations.div_ceil(members);
    let text = Line::text();
    let begun = Instant::now();
    let mut sent = 0;
    while sent < broadcasts {
        let now = BETWEEN_CHECKS.min(broadcasts - sent);
        for _ in 0..now {
            crowd.tell_all(&text);
        }
        sent += now;
        let (check, let_go) = Line::check();
        crowd.tell_all(&check);
        drop(check);
        let_go.await.expect_err("nobody answers: it is let go");
    }
    each(begun.elapsed(), broadcasts * members)
}

/// Members that have all begun to wait.
pub(super) async fn members<F: Framework>(world: &F::World, count: u64) -> Vec<(u64, F::Ref<Member>)> {
    let mut members = Vec::with_capacity(count as usize);
    for number in 0..count {
        let (member, _end) = F::spawn(world, number, F::USUAL, Member::default).await;
        members.push((number, member));
    }
    for (_, member) in &members {
        F::ask::<Member>(member, ()).await;
    }
    members
}

pub(super) async fn joining<F: Framework>(world: F::World, operations: u64) -> f64 {
    let members = members::<F>(&world, operations).await;
    let mut crowd = F::Crowd::<Member>::default();
    let begun = Instant::now();
    for (number, member) in &members {
        crowd.join(*number, member.clone());
    }
    for (number, member) in &members {
        crowd.leave(*number, member);
    }
    each(begun.elapsed(), operations)
}
