//! The time that stands before one message in so many, as a look at the clock costs as much as a small message.

use crate::clock;
use crate::id::ActorId;

use super::state::State;
use super::{Entry, Mailbox};

/// One message in so many has its times taken.
const MESSAGES_PER_SAMPLE: u64 = 64;

/// Which messages those are: not the first of every actor, which waits for its start.
pub(super) struct Sampling {
    phase: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { phase: 1 }
    }
}

impl<M> Mailbox<M> {
    /// Takes samples as befits the actor with this id.
    pub(crate) fn sampled_for(self, id: ActorId) -> Self {
        self.state.lock().sampling.phase = id.number();
        self
    }
}

impl<M> State<M> {
    /// Queues the time, if one of so many messages that are queued next is a sample.
    #[inline]
    pub(super) fn stamp(&mut self, count: u64) {
        let at = self.accepted.wrapping_add(self.sampling.phase) % MESSAGES_PER_SAMPLE;
        if at == 0 || at + count > MESSAGES_PER_SAMPLE {
            self.push_stamp();
        }
    }

    #[cold]
    fn push_stamp(&mut self) {
        if let Some(keys) = &mut self.keys {
            keys.push_back(None);
        }
        self.queue.push_back(Entry::Stamp(clock::now()));
    }

    /// Takes out the time of the message that was taken out from this place.
    pub(super) fn forget_stamp(&mut self, index: usize) {
        let before = index.wrapping_sub(1);
        if matches!(self.queue.get(before), Some(Entry::Stamp(_))) {
            self.queue.remove(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{MailboxSpec, Overflow};
    use crate::question::Envelope;

    /// The messages with a time before them, and those without.
    fn taken(mailbox: &Mailbox<u32>) -> (Vec<u32>, Vec<u32>) {
        let (mut with, mut without, mut is_stamped) = (Vec::new(), Vec::new(), false);
        let mut state = mailbox.state.lock();
        while let Some(entry) = state.pop_one() {
            match entry {
                Entry::Stamp(_) => is_stamped = true,
                Entry::Message(envelope) if std::mem::take(&mut is_stamped) => with.push(envelope.msg),
                Entry::Message(envelope) => without.push(envelope.msg),
                Entry::Signal(_) => {}
            }
        }
        assert!(!is_stamped, "it stands before no message");
        (with, without)
    }

    #[test]
    fn one_message_in_so_many_has_its_time() {
        let mailbox = Mailbox::new(MailboxSpec::unbounded());
        mailbox.state.lock().sampling.phase = 60;
        for number in 0..200 {
            assert!(mailbox.push_at_once(|| Some(Envelope::plain(number))));
        }
        assert_eq!(taken(&mailbox).0, [4, 68, 132, 196]);
    }

    #[test]
    fn the_time_of_what_is_dropped_goes_with_it() {
        let mailbox = Mailbox::new(MailboxSpec::bounded(2).overflow(Overflow::DropOldest));
        mailbox.state.lock().sampling.phase = 0;
        for number in 0..3 {
            assert!(mailbox.try_push(Envelope::plain(number)).is_ok());
        }
        assert_eq!(taken(&mailbox), (vec![], vec![1, 2]));
    }

    #[test]
    fn what_takes_the_place_of_another_has_its_time() {
        let mailbox = Mailbox::new(MailboxSpec::latest_by(8, |number: &u32| u64::from(*number) / 100));
        mailbox.state.lock().sampling.phase = 0;
        for number in [100, 200, 101] {
            assert!(mailbox.try_push(Envelope::plain(number)).is_ok());
        }
        assert_eq!(taken(&mailbox), (vec![101], vec![200]));
    }
}
