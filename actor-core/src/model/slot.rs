//! One value handed over once, when several bring one, or the taker goes.

use std::future::poll_fn;
use std::sync::Arc;

use shuttle::future::block_on;
use shuttle::thread;

use crate::ask::Reply;
use crate::error::AskError;
use crate::slot::Slot;

use super::in_every_order;

#[test]
fn of_two_values_one_is_taken_and_one_comes_back() {
    in_every_order(|| {
        let slot = Arc::new(Slot::new());
        let givers = [1, 2].map(|value| {
            let slot = slot.clone();
            thread::spawn(move || slot.put(value).err())
        });
        let taken = block_on(poll_fn(|cx| slot.poll_take(cx)));
        let mut all: Vec<i32> = vec![taken];
        all.extend(
            givers
                .into_iter()
                .filter_map(|giver| giver.join().expect("it does not fail")),
        );
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn a_value_for_a_taker_who_goes_is_returned_to_one_of_the_two() {
    in_every_order(|| {
        let slot = Arc::new(Slot::new());
        let giver = slot.clone();
        let giver = thread::spawn(move || giver.put(1).err());
        let found = slot.close();
        let returned = giver.join().expect("it does not fail");
        assert_eq!(usize::from(found.is_some()) + usize::from(returned.is_some()), 1);
    });
}

#[test]
fn an_answer_and_the_leaving_asker_leave_nothing_behind() {
    in_every_order(|| {
        let (reply, answer) = Reply::pair();
        let value = Arc::new(());
        let given = value.clone();
        let giver = thread::spawn(move || reply.send(given));
        drop(answer);
        giver.join().expect("it does not fail");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn one_who_waits_hears_of_the_answer_or_that_there_is_none() {
    for answers in [true, false] {
        in_every_order(move || {
            let (reply, answer) = Reply::pair();
            let giver = thread::spawn(move || {
                if answers && reply.is_awaited() {
                    reply.send(1);
                }
            });
            let expected = if answers { Ok(1) } else { Err(AskError::NoReply) };
            assert_eq!(block_on(answer), expected);
            giver.join().expect("it does not fail");
        });
    }
}
