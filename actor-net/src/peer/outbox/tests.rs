//! What an outbox keeps: order for each receiver, budgets, and places.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::reassembly::Reassembly;
use super::*;
use crate::wire::Reason;
use crate::wire::frame::Decoder;

const LIMITS: OutboxLimits = OutboxLimits {
    chunk_bytes: 64,
    outbox_bytes_max: 10_000,
    window_bytes: 1_000,
};

/// What is to be written next, as it comes to the other side.
fn take(outbox: &mut Outbox, out: &mut Vec<u8>) -> bool {
    let mut batch = Batch::default();
    let taken = outbox.take(&mut batch);
    for slice in batch.slices() {
        out.extend_from_slice(&slice);
    }
    taken
}

fn push(outbox: &mut Outbox, to: u128, body: &[u8]) {
    push_at(outbox, to, 0, body);
}

fn push_at(outbox: &mut Outbox, to: u128, cost: usize, body: &[u8]) -> bool {
    let tell = Head::message(ExportId(to), None);
    let to = Receiver::Export(ExportId(to));
    outbox.push(to, Numbered::Yes, cost, &tell, &mut body.to_vec())
}

fn down(watch: u64) -> Frame<'static> {
    let reason = Reason {
        end: 1,
        causes: Vec::new(),
    };
    Frame::Down {
        after: 0,
        watch,
        reason,
    }
}

/// The other end: what it makes of the bytes.
struct End {
    decoder: Decoder,
    reassembly: Reassembly,
    handed_on: u64,
    tells: Vec<(u128, Vec<u8>)>,
    /// Watches, each with how many messages had come before it.
    downs: Vec<(u64, usize)>,
    pings: Vec<usize>,
}

impl End {
    fn new() -> Self {
        Self {
            decoder: Decoder::new(64 + 6),
            reassembly: Reassembly::new(100, 10_000, 100_000, 1),
            handed_on: 0,
            tells: Vec::new(),
            downs: Vec::new(),
            pings: Vec::new(),
        }
    }

    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.decoder.feed(bytes);
            bytes = &bytes[taken..];
            while let Some(frame) = self.decoder.next().expect("they are frames").map(<[u8]>::to_vec) {
                self.take(&frame);
            }
        }
    }

    fn take(&mut self, frame: &[u8]) {
        match Frame::parse(frame).expect("it is a frame") {
            Frame::Chunk { stream, last, piece } => {
                if let Some(whole) = self.reassembly.piece(stream, last, piece.0).expect("within bounds") {
                    self.take(&whole);
                }
            }
            Frame::Tell { to, body } => {
                self.handed_on += 1;
                self.tells.push((to.0, body.0.to_vec()));
            }
            Frame::Down { after, watch, .. } => {
                assert!(after <= self.handed_on, "it came before the data that it goes behind");
                assert_eq!(after, self.tells.len() as u64);
                self.downs.push((watch, self.tells.len()));
            }
            Frame::Ping { .. } => self.pings.push(self.tells.len()),
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Clone, Debug)]
enum Do {
    Tell(u128, usize),
    Down,
    Ping,
    Write,
}

fn steps() -> impl Strategy<Value = Vec<Do>> {
    let step = prop_oneof![
        4 => (0..4_u128, 0..60_usize).prop_map(|(to, bytes)| Do::Tell(to, bytes)),
        2 => (0..4_u128, 60..500_usize).prop_map(|(to, bytes)| Do::Tell(to, bytes)),
        1 => Just(Do::Down),
        1 => Just(Do::Ping),
        3 => Just(Do::Write),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    /// However small and large messages come between one another: nothing is lost or doubled, each receiver has its own in order, a `Down` is behind all
    /// that came before it, and a connection cut at any byte has delivered a beginning of each receiver's messages.
    #[test]
    fn order_is_kept_for_each_receiver(steps in steps(), cut in any::<prop::sample::Index>()) {
        let mut outbox = Outbox::new(LIMITS);
        let mut sent: BTreeMap<u128, Vec<Vec<u8>>> = BTreeMap::new();
        let mut sent_before = Vec::new();
        let mut wire = Vec::new();
        let mut number = 0_u32;
        for step in &steps {
            match *step {
                Do::Tell(to, bytes) => {
                    number += 1;
                    let mut body = number.to_le_bytes().to_vec();
                    body.resize(bytes.max(4), 7);
                    push(&mut outbox, to, &body);
                    sent.entry(to).or_default().push(body);
                }
                Do::Down => {
                    outbox.push_behind(&down(sent_before.len() as u64));
                    sent_before.push(number as usize);
                }
                Do::Ping => {
                    outbox.push_control(&Frame::Ping { token: 0 });
                }
                Do::Write => {
                    take(&mut outbox, &mut wire);
                }
            }
        }
        while take(&mut outbox, &mut wire) {}
        prop_assert!(outbox.is_empty());

        let mut end = End::new();
        end.read(&wire);
        for (to, bodies) in &sent {
            let got: Vec<_> = end.tells.iter().filter(|(at, _)| at == to).map(|(_, body)| body.clone()).collect();
            prop_assert_eq!(&got, bodies);
        }
        prop_assert_eq!(end.downs.len(), sent_before.len());
        for (at, (watch, behind)) in end.downs.iter().enumerate() {
            prop_assert_eq!(at as u64, *watch);
            prop_assert!(*behind >= sent_before[at], "a Down came before what was sent before it");
        }

        let mut cut_off = End::new();
        cut_off.read(&wire[..cut.index(wire.len() + 1)]);
        for (to, bodies) in &sent {
            let got: Vec<_> = cut_off.tells.iter().filter(|(at, _)| at == to).map(|(_, body)| body.clone()).collect();
            prop_assert_eq!(&got[..], &bodies[..got.len()]);
        }
    }
}

#[test]
fn control_goes_before_data_and_small_messages_between_pieces() {
    let mut outbox = Outbox::new(LIMITS);
    push(&mut outbox, 1, &[1; 1000]);
    push(&mut outbox, 2, b"small");
    outbox.push_control(&Frame::Ping { token: 1 });
    let mut end = End::new();
    let mut out = Vec::new();
    take(&mut outbox, &mut out);
    end.read(&out);
    assert_eq!(end.pings, [0]);
    assert_eq!(end.tells.len(), 1, "the small one, before the large one is complete");
    out.clear();
    push(&mut outbox, 3, b"later");
    take(&mut outbox, &mut out);
    end.read(&out);
    assert_eq!(end.tells.last().map(|(to, _)| *to), Some(3));
    out.clear();
    while take(&mut outbox, &mut out) {}
    end.read(&out);
    assert_eq!(end.tells.last().map(|(to, _)| *to), Some(1));
}

#[test]
fn a_writer_that_parked_is_told_once() {
    let mut outbox = Outbox::new(LIMITS);
    let mut out = Vec::new();
    assert!(!take(&mut outbox, &mut out));
    assert!(push_at(&mut outbox, 1, 0, b"first"));
    assert!(!push_at(&mut outbox, 1, 0, b"second"), "it knows already");
    assert!(take(&mut outbox, &mut out));
    assert!(
        !push_at(&mut outbox, 1, 0, &[0; 300]),
        "it looks again when it has written"
    );
    out.clear();
    while take(&mut outbox, &mut out) {}
    assert!(outbox.push_control(&Frame::Ping { token: 1 }));
}

#[test]
fn two_large_ones_take_turns() {
    let mut outbox = Outbox::new(LIMITS);
    push(&mut outbox, 1, &[1; 300]);
    push(&mut outbox, 2, &[2; 100]);
    let mut end = End::new();
    let mut out = Vec::new();
    while take(&mut outbox, &mut out) {}
    end.read(&out);
    let order: Vec<_> = end.tells.iter().map(|(to, _)| *to).collect();
    assert_eq!(order, [2, 1]);
}

#[test]
fn only_so_many_large_ones_are_under_way_at_a_time() {
    let mut outbox = Outbox::new(LIMITS);
    for to in 0..10 {
        push(&mut outbox, to, &[1; 300]);
    }
    let mut out = Vec::new();
    while take(&mut outbox, &mut out) {}
    let mut open = std::collections::BTreeSet::new();
    let mut bytes = &out[..];
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (frame, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        bytes = rest;
        if let Ok(Frame::Chunk { stream, last, .. }) = Frame::parse(frame) {
            if last {
                open.remove(&stream);
            } else {
                open.insert(stream);
            }
            assert!(open.len() <= STREAMS, "{open:?}");
        }
    }
    let mut end = End::new();
    end.read(&out);
    assert_eq!(end.tells.len(), 10);
}

#[test]
fn a_large_one_does_not_wait_for_what_is_given_back_only_in_parts() {
    let mut outbox = Outbox::new(LIMITS);
    assert_eq!(outbox.try_admit(ExportId(1), 10), Admitted::Yes);
    outbox.written(&mut Batch::default(), &mut Vec::new());
    assert_eq!(outbox.try_admit(ExportId(1), LIMITS.window_bytes), Admitted::Yes);
    assert_eq!(outbox.try_admit(ExportId(1), 1), Admitted::Waits);
}

#[test]
fn a_warm_outbox_takes_no_memory_for_a_message() {
    let mut outbox = Outbox::new(LIMITS);
    let mut out = Batch::default();
    let mut capacities = Vec::new();
    for _ in 0..10 {
        push(&mut outbox, 1, b"abc");
        outbox.take(&mut out);
        outbox.written(&mut out, &mut Vec::new());
        capacities.push((out.bytes.capacity(), outbox.ready.capacity()));
    }
    assert!(
        capacities[2..]
            .windows(2)
            .all(|pair| pair[0].0 + pair[0].1 == pair[1].0 + pair[1].1),
        "{capacities:?}"
    );
}

fn admit(outbox: &mut Outbox, to: u128, cost: usize, place: &mut Admission) -> Admitted {
    outbox.admit(ExportId(to), cost, place, Waker::noop(), &mut None)
}

#[test]
fn a_slow_actor_holds_up_only_those_who_send_to_it() {
    let mut outbox = Outbox::new(LIMITS);
    let (mut first, mut second) = (Admission::default(), Admission::default());
    assert_eq!(outbox.try_admit(ExportId(1), 1000), Admitted::Yes);
    assert_eq!(outbox.try_admit(ExportId(1), 200), Admitted::Waits);
    assert_eq!(admit(&mut outbox, 1, 200, &mut first), Admitted::Waits);
    assert_eq!(admit(&mut outbox, 1, 200, &mut second), Admitted::Waits);
    assert_eq!(outbox.try_admit(ExportId(2), 900), Admitted::Yes);
    let mut wake = Vec::new();
    outbox.credit(ExportId(1), 301, &mut wake);
    assert_eq!(wake.len(), 2, "there is room for both");
    assert_eq!(admit(&mut outbox, 1, 200, &mut second), Admitted::Yes);
    assert_eq!(admit(&mut outbox, 1, 200, &mut first), Admitted::Yes);
    assert_eq!(outbox.try_admit(ExportId(1), 1), Admitted::Waits);
}

#[test]
fn a_full_connection_holds_up_everyone_and_forgets_who_goes() {
    let mut outbox = Outbox::new(OutboxLimits {
        outbox_bytes_max: 100,
        ..LIMITS
    });
    let (mut first, mut second) = (Admission::default(), Admission::default());
    assert_eq!(outbox.try_admit(ExportId(1), 80), Admitted::Yes);
    push_at(&mut outbox, 1, 80, &[0; 40]);
    assert_eq!(outbox.try_admit(ExportId(2), 30), Admitted::Waits);
    assert_eq!(admit(&mut outbox, 2, 90, &mut first), Admitted::Waits);
    assert_eq!(admit(&mut outbox, 3, 10, &mut second), Admitted::Waits, "it came later");
    let mut wake = Vec::new();
    outbox.forget(ExportId(2), 90, &mut first, &mut wake);
    assert_eq!(admit(&mut outbox, 3, 10, &mut second), Admitted::Yes);
    assert_eq!(outbox.window(ExportId(2)).used(), 0, "its window is whole again");
    let mut out = Vec::new();
    take(&mut outbox, &mut out);
    assert_eq!(outbox.room.used(), 90, "what is being written still counts");
    outbox.written(&mut Batch::default(), &mut wake);
    assert_eq!(outbox.room.used(), 10);
}

#[test]
fn answers_never_wait_and_say_when_to_stop_reading() {
    let mut outbox = Outbox::new(OutboxLimits {
        outbox_bytes_max: 100,
        ..LIMITS
    });
    outbox.admit_answer(80);
    assert!(!outbox.is_over());
    outbox.admit_answer(80);
    assert!(outbox.is_over());
}

#[test]
fn an_end_sends_everyone_away_and_counts_what_was_never_taken() {
    let mut outbox = Outbox::new(LIMITS);
    let mut waits = Admission::default();
    assert_eq!(outbox.try_admit(ExportId(1), 1_000), Admitted::Yes);
    assert_eq!(admit(&mut outbox, 1, 10, &mut waits), Admitted::Waits);
    push(&mut outbox, 1, b"taken");
    take(&mut outbox, &mut Vec::new());
    push(&mut outbox, 1, b"not taken");
    push(&mut outbox, 1, &[0; 500]);
    push(&mut outbox, 1, b"behind it");
    let unsent = outbox.close();
    assert_eq!((unsent.wake.len(), unsent.frames), (1, 3));
    assert_eq!(admit(&mut outbox, 1, 10, &mut waits), Admitted::Closed);
    assert_eq!(outbox.try_admit(ExportId(1), 10), Admitted::Closed);
    push(&mut outbox, 1, b"too late");
    outbox.push_behind(&down(1));
    outbox.push_control(&Frame::Ping { token: 1 });
    assert!(!take(&mut outbox, &mut Vec::new()));
}

#[test]
fn a_large_message_is_written_from_where_it_was_encoded_into_memory_that_comes_back() {
    let mut outbox = Outbox::new(LIMITS);
    let (mut body, mut batch) = (vec![1; 500], Batch::default());
    let lies_at = body.as_ptr();
    let to = ExportId(1);
    outbox.push(
        Receiver::Export(to),
        Numbered::Yes,
        0,
        &Head::message(to, None),
        &mut body,
    );
    assert!(body.is_empty());
    while outbox.take(&mut batch) {
        let pieces = batch.pieces.iter();
        assert!(pieces.clone().count() > 0);
        assert!(pieces.clone().all(|piece| piece.body.as_ptr() == lies_at));
        outbox.written(&mut batch, &mut Vec::new());
    }
    assert_eq!((outbox.spare.as_ptr(), outbox.spare.len()), (lies_at, 0));
}

#[test]
fn a_sender_that_is_far_ahead_lets_the_writer_come_first() {
    let mut outbox = Outbox::new(OutboxLimits {
        chunk_bytes: AHEAD_BYTES_MAX,
        ..LIMITS
    });
    let large = vec![0; AHEAD_BYTES_MAX - 100];
    let mut batch = Batch::default();
    push(&mut outbox, 1, &large);
    assert!(outbox.wait_for_writer(Waker::noop()), "it is not so far yet");
    push(&mut outbox, 1, &[0; 100]);
    assert!(!outbox.wait_for_writer(Waker::noop()));
    assert!(outbox.take(&mut batch));
    assert_eq!(batch.wake.len(), 1);
    push(&mut outbox, 1, &large);
    push(&mut outbox, 1, &[0; 100]);
    assert!(
        outbox.wait_for_writer(Waker::noop()),
        "while it writes, nobody waits for it"
    );
    outbox.written(&mut batch, &mut Vec::new());
    assert!(!outbox.wait_for_writer(Waker::noop()), "it is to come again");
    assert_eq!(outbox.close().wake.len(), 1);
}

#[test]
fn one_that_rests_takes_in_no_message_and_one_whose_room_was_given_does_not_rest() {
    let mut outbox = Outbox::new(LIMITS);
    let to = ExportId(1);
    let (mut place, mut wake) = (Admission::default(), Vec::new());
    let given = outbox.admit(to, cost(7), &mut place, Waker::noop(), &mut None);
    assert_eq!(given, Admitted::Yes);
    assert!(!outbox.rest(None), "a message is on its way into it");
    outbox.give_up(to, cost(7), &mut wake);
    assert!(outbox.rest(None));
    assert!(outbox.push_plain(to, &[0; 7]).is_none());
    assert_eq!(outbox.try_admit(to, cost(7)), Admitted::Rests);
    assert_eq!(
        outbox.admit(to, cost(7), &mut place, Waker::noop(), &mut None),
        Admitted::Rests
    );
    outbox.goes_on();
    assert!(outbox.push_plain(to, &[0; 7]).is_some());
    assert!(!outbox.rest(None), "a message waits to be written");
}
