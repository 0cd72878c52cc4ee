//! Rooms with members, some of whom talk while others come and go.

use std::sync::Arc;
use std::time::Instant;

use super::broadcast::{Line, Member, members};
use crate::framework::{Behaviour, Crowd, Framework, each};

const ROOMS: u64 = 20;
const MEMBERS: u64 = 1_000;
/// Rooms that each member is in at first.
const ROOMS_EACH: u64 = 2;
const CLIENTS: u64 = 4;
/// What a client does before it waits until everybody has seen all of it, so that no mailbox is ever full.
const BETWEEN_CHECKS: u64 = 100;

struct Room<F: Framework>(F::Crowd<Member>);

enum Msg<F: Framework> {
    Join(u64, F::Ref<Member>),
    Leave(u64, F::Ref<Member>),
    Say(Line),
}

impl<F: Framework> Behaviour<F> for Room<F> {
    type Tell = Msg<F>;
    type Ask = ();
    type Answer = ();

    async fn told(&mut self, msg: Msg<F>, _: &mut F::Here<Self>) {
        match msg {
            Msg::Join(key, member) => self.0.join(key, member),
            Msg::Leave(key, member) => self.0.leave(key, &member),
            Msg::Say(line) => self.0.tell_all(&line),
        }
    }

    async fn asked(&mut self, (): ()) {}
}

type Members<F> = Arc<[(u64, <F as Framework>::Ref<Member>)]>;
type Rooms<F> = Arc<[<F as Framework>::Ref<Room<F>>]>;

pub(super) async fn run<F: Framework>(world: F::World, operations: u64) -> f64 {
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let make = || Room::<F>(F::Crowd::<Member>::default());
        let (room, _end) = F::spawn(&world, MEMBERS + number, F::USUAL, make).await;
        rooms.push(room);
    }
    let rooms: Rooms<F> = rooms.into();
    let members: Members<F> = members::<F>(&world, MEMBERS).await.into();
    for (key, member) in members.iter() {
        for room in 0..ROOMS_EACH {
            let room = &rooms[((key + room * 7) % ROOMS) as usize];
            F::tell::<Room<F>>(room, Msg::Join(*key, member.clone())).await;
        }
    }
    for room in rooms.iter() {
        F::ask::<Room<F>>(room, ()).await;
    }
    let share = operations.div_ceil(CLIENTS);
    let begun = Instant::now();
    let clients = (0..CLIENTS).map(|number| F::go(client::<F>(rooms.clone(), members.clone(), number, share)));
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("a client ends");
    }
    each(begun.elapsed(), share * CLIENTS)
}

async fn client<F: Framework>(rooms: Rooms<F>, members: Members<F>, number: u64, operations: u64) {
    let line = Line::text();
    // The same numbers in each run.
    let mut chance = number;
    for operation in 1..=operations {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let room = &rooms[((chance >> 33) % ROOMS) as usize];
        let (key, member) = &members[((chance >> 40) % MEMBERS) as usize];
        let msg = match operation % 10 {
            0 => Msg::Join(*key, member.clone()),
            5 => Msg::Leave(*key, member.clone()),
            _ => Msg::Say(line.clone()),
        };
        F::tell::<Room<F>>(room, msg).await;
        if operation % BETWEEN_CHECKS == 0 || operation == operations {
            let (check, let_go) = Line::check();
            for room in rooms.iter() {
                F::tell::<Room<F>>(room, Msg::Say(check.clone())).await;
            }
            drop(check);
            let_go.await.expect_err("nobody answers: it is let go");
        }
    }
}
