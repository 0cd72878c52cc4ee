//! What is behind the lock of a mailbox.

use std::collections::VecDeque;
use std::mem;
use std::task::Waker;

use crate::question::Envelope;

use super::Entry;
use super::latest::Keys;
use super::room::Room;
#[cfg(feature = "metrics")]
use super::stamp::Sampling;

/// A buffer of at most so many bytes stays with an idle mailbox; a larger one, which a burst left, is given back.
const IDLE_BUFFER_BYTES_MAX: usize = 2048;

/// The second buffer of an idle mailbox stays if it is as small as they come.
const SECOND_BUFFER_MAX: usize = 4;

/// Room for the first messages that are no larger than so many bytes is there from the beginning.
const FIRST_ROOM_BYTES_MAX: usize = 256;

pub(super) struct State<M> {
    pub(super) queue: VecDeque<Entry<M>>,
    pub(super) room: Room,
    pub(super) open: bool,
    pub(super) ended: bool,
    pub(super) accepted: u64,
    pub(super) parked: Option<Waker>,
    /// Whether the policy has no say as long as there is room.
    pub(super) is_plain: bool,
    /// A handler that waits is woken by orders and not by messages.
    pub(super) messages_wake: bool,
    /// Only for [`Policy::LatestBy`].
    pub(super) keys: Option<Box<Keys>>,
    #[cfg(feature = "metrics")]
    pub(super) sampling: Sampling,
}

/// Most actors never have more than two messages before them, and hold no room for four, to which one would grow; large ones
/// have none before they come.
const fn first_room<M>() -> usize {
    if 2 * size_of::<Entry<M>>() <= FIRST_ROOM_BYTES_MAX {
        2
    } else {
        0
    }
}

impl<M> State<M> {
    pub(super) fn new(capacity: usize, keyed: bool, is_plain: bool) -> Self {
        Self {
            queue: VecDeque::with_capacity(first_room::<M>()),
            room: Room::new(capacity),
            open: true,
            ended: false,
            accepted: 0,
            parked: None,
            is_plain,
            messages_wake: false,
            keys: keyed.then(Box::default),
            #[cfg(feature = "metrics")]
            sampling: Sampling::default(),
        }
    }

    pub(super) fn index_of(&self, key: Option<u64>) -> Option<usize> {
        self.keys.as_ref()?.index_of(key?)
    }

    /// Takes out the oldest message.
    pub(super) fn take_oldest(&mut self) -> Option<Entry<M>> {
        let index = self.queue.iter().position(|entry| matches!(entry, Entry::Message(_)))?;
        let oldest = self.queue.remove(index);
        #[cfg(feature = "metrics")]
        self.forget_stamp(index);
        oldest
    }

    /// Queues a message that has room.
    #[inline]
    pub(super) fn append(&mut self, envelope: Envelope<M>, key: Option<u64>) {
        #[cfg(feature = "metrics")]
        self.stamp(1);
        if let Some(keys) = &mut self.keys {
            keys.push_back(key);
        }
        self.put(envelope);
    }

    /// The same where there are no keys.
    #[inline]
    pub(super) fn append_plain(&mut self, envelope: Envelope<M>) {
        #[cfg(feature = "metrics")]
        self.stamp(1);
        self.put(envelope);
    }

    #[inline]
    fn put(&mut self, envelope: Envelope<M>) {
        self.queue.push_back(Entry::Message(envelope));
        self.accepted += 1;
    }

    /// Queues the first of these messages, which have room.
    #[cfg(feature = "wire")]
    pub(super) fn append_many(&mut self, messages: &mut VecDeque<Entry<M>>, count: usize) {
        #[cfg(feature = "metrics")]
        self.stamp(count as u64);
        if count == messages.len() {
            self.queue.append(messages);
        } else {
            self.queue.extend(messages.drain(..count));
        }
        self.accepted += count as u64;
    }

    /// Parks the actor; returns the waker that is not needed any more, to be dropped without the lock.
    #[inline]
    pub(super) fn park(&mut self, waker: &Waker, messages_wake: bool) -> Option<Waker> {
        self.messages_wake = messages_wake;
        if self.parked.as_ref().is_some_and(|parked| parked.will_wake(waker)) {
            return None;
        }
        self.parked.replace(waker.clone())
    }

    /// Takes the next entry, and with it the whole buffer where more than one waits: a lone entry is taken out by
    /// itself, so that the warm buffer stays in its place.
    #[inline]
    pub(super) fn take(&mut self, batch: &mut VecDeque<Entry<M>>, pops_one: bool) -> Option<Entry<M>> {
        if pops_one {
            return self.pop_one();
        }
        if self.queue.len() > 1 {
            mem::swap(&mut self.queue, batch);
            return batch.pop_front();
        }
        self.queue.pop_front()
    }

    /// Leaves the larger of the two empty buffers to the senders, as who comes to an idle actor comes to that one. The other
    /// is needed only when more come while it works, and would double what the idle hold.
    #[inline]
    pub(super) fn keep_one_buffer(&mut self, batch: &mut VecDeque<Entry<M>>) {
        if batch.capacity() > self.queue.capacity() {
            mem::swap(batch, &mut self.queue);
        }
        if batch.capacity() > SECOND_BUFFER_MAX {
            *batch = VecDeque::new();
        }
        if self.queue.capacity() * size_of::<Entry<M>>() > IDLE_BUFFER_BYTES_MAX {
            self.queue = VecDeque::new();
        }
    }

    pub(super) fn pop_one(&mut self) -> Option<Entry<M>> {
        let entry = self.queue.pop_front()?;
        if let Some(keys) = &mut self.keys {
            keys.pop_front();
        }
        if matches!(entry, Entry::Message(_)) {
            // Nobody waits for room under the policies which pop one by one.
            self.room.give_back(1, &mut Vec::new());
        }
        Some(entry)
    }
}
