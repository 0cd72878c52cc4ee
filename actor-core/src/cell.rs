//! What an actor's handles share with its run loop.

mod awaited;
mod core;

use std::any::{Any, type_name};
use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use crate::contain::discard;
use crate::deadlock::{Waiting, Waits};
use crate::error::AskError;
use crate::exit::ExitReason;
use crate::id::{ActorId, ActorPath};
use crate::ledger::{DeadReason, Ledger};
use crate::mailbox::{Entry, Glance, Inbox, Mailbox, MailboxSpec};
use crate::question::Envelope;
use crate::scheduler::{Look, Runnable, Sight, Task};
use crate::signal::{Down, LinkBroken, LinkEnd, LinkId, Orders, Signal, Watcher};
use crate::turn::Owner;

pub(crate) use self::core::{Core, EndOfLife};

/// One allocation for each actor: its mailbox, with all that is not typed by its message, and what wakes it.
///
/// In this order, so that what each message needs lies together: where many are told one after the other, what counts is how
/// many lines of memory each of them takes.
#[repr(C)]
pub(crate) struct Cell<M> {
    pub(crate) task: Task,
    pub(crate) mailbox: Mailbox<M>,
    pub(crate) core: Core,
}

/// A cell whose message type is not known.
pub(crate) trait AnyCell: Waiting + LinkEnd {
    fn core(&self) -> &Core;
    /// Notes at this end that the actor is linked to `other`. `false` if it is ending.
    fn link(&self, link: LinkId, other: Arc<dyn LinkEnd>) -> bool;
    fn order(&self, orders: Orders);
    /// Takes back an order that was given.
    fn withdraw(&self, orders: Orders);
    fn push_signal(&self, signal: Signal);
    /// Whether a sender with this ticket still waits for room in the mailbox.
    fn owes_room(&self, ticket: u64) -> bool;
    /// What one sees of its mailbox; `None` if that is elsewhere.
    fn glance(&self) -> Option<Glance>;
    /// What one sees of it who has said that he looks; `None` if it does not run here.
    fn sight(&self, look: Look) -> Option<Sight>;
    /// Ends an actor from outside, whose run loop does not answer.
    fn abandon(&self, reason: ExitReason);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Drops what runs it, without a word of its own: nobody polls it any more.
    fn let_go(&self);
    /// Has it tell of each message that it takes up.
    fn film(&self);
    /// The name of the type of its messages, for people.
    fn message_type(&self) -> &'static str;
}

/// The children of an actor, seen from above.
pub(crate) trait Subtree: Send + Sync {
    /// Starts and restarts no more of them.
    fn close(&self);
    /// Whether they are all stopped at once, and not one after the other.
    fn stop_together(&self) -> bool;
    /// The living children, in the order of their start.
    fn children(&self) -> Vec<Stoppable>;
    /// Restarts no child any more that has ended in order; one that fails still has its work to finish.
    fn retire(&self);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Forgets a child that was abandoned.
    fn forget(&self, id: ActorId);
}

/// A child, with how long it may take to stop; `None` leaves that to what it is.
pub(crate) struct Stoppable {
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) shutdown: Option<Duration>,
}

impl<M: Send + 'static> Cell<M> {
    /// One that nothing runs.
    #[cfg(any(test, feature = "wire"))]
    pub(crate) fn at_rest(path: ActorPath, mailbox: MailboxSpec<M>) -> Self {
        Self::new(path, Arc::default(), Task::default(), mailbox)
    }

    pub(crate) fn new(path: ActorPath, ledger: Arc<Ledger>, task: Task, mailbox: MailboxSpec<M>) -> Self {
        let core = Core::new(path, ledger);
        let mailbox = Mailbox::new(mailbox);
        #[cfg(feature = "metrics")]
        let mailbox = mailbox.sampled_for(core.id);
        Self { task, mailbox, core }
    }

    /// Records a message that nobody will handle, and answers its asker.
    pub(crate) fn bury(&self, envelope: Envelope<M>, reason: DeadReason) {
        self.core.ledger.bury::<M>(&self.core.path, reason, 1);
        if let Some(question) = &envelope.question {
            // Before the message goes, or its reply port would answer `NoReply` for it.
            question.refuse(match reason {
                DeadReason::Stopped | DeadReason::Restarted => AskError::Stopped,
                DeadReason::Killed | DeadReason::Abandoned => AskError::Failed,
                DeadReason::DroppedNewest | DeadReason::DroppedOldest | DeadReason::Replaced => AskError::Full,
                DeadReason::Unsent => AskError::NodeDown,
            });
        }
        discard(envelope);
    }

    /// Records what was left in the mailbox at the end of a life.
    pub(crate) fn bury_all(&self, left: impl IntoIterator<Item = Entry<M>>, reason: DeadReason) {
        for entry in left {
            if let Entry::Message(envelope) = entry {
                self.bury(envelope, reason);
            }
        }
    }

    /// Ends the actor for good. Names, groups and what `release` stands for go first; then everyone who watches is
    /// told. Returns `false`, and does nothing, if it has ended before.
    pub(crate) fn end(&self, reason: ExitReason, inbox: &mut Inbox<M>, handled: u64, release: impl FnOnce()) -> bool {
        let (left, accepted) = self.mailbox.close(inbox);
        let Some(releases) = self.core.begin_end() else {
            // It was cut off before; what it did since is settled now.
            self.bury_all(left, DeadReason::Stopped);
            self.core.ledger.settle(0, handled);
            return false;
        };
        self.bury_all(left, DeadReason::Stopped);
        self.core.ledger.settle(accepted, handled);
        self.core.release(releases);
        release();
        self.core.tell_watchers(reason);
        true
    }
}

impl<M: Send + 'static> LinkEnd for Cell<M> {
    fn linked_path(&self) -> &ActorPath {
        &self.core.path
    }

    #[cfg(feature = "wire")]
    fn linked_id(&self) -> ActorId {
        self.core.id
    }

    fn link_broken(&self, broken: LinkBroken) {
        self.core.link_broken(self, broken);
    }

    fn unlinked(&self, link: LinkId) {
        drop(self.core.remove_link(link));
    }
}

impl<M: Send + 'static> AnyCell for Cell<M> {
    fn core(&self) -> &Core {
        &self.core
    }

    fn link(&self, link: LinkId, other: Arc<dyn LinkEnd>) -> bool {
        self.core.add_link(link, other)
    }

    fn order(&self, orders: Orders) {
        self.mailbox.order(orders);
    }

    fn withdraw(&self, orders: Orders) {
        self.mailbox.obeyed(orders);
    }

    fn push_signal(&self, signal: Signal) {
        self.mailbox.push_signal(signal);
    }

    fn owes_room(&self, ticket: u64) -> bool {
        self.mailbox.owes_room(ticket)
    }

    fn glance(&self) -> Option<Glance> {
        Some(self.mailbox.glance())
    }

    fn sight(&self, look: Look) -> Option<Sight> {
        Some(self.task.sight(look))
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn let_go(&self) {
        self.task.end();
    }

    fn film(&self) {
        self.mailbox.set_filmed(true);
    }

    fn message_type(&self) -> &'static str {
        type_name::<M>()
    }

    fn abandon(&self, reason: ExitReason) {
        // Should its handler come to an end after all, so does its run, and has no more children.
        self.mailbox.order(Orders::KILL.with(Orders::SHUTDOWN));
        if let Some(children) = self.core.children() {
            children.close();
        }
        self.end(reason, &mut Inbox::new(), 0, || {});
    }
}

impl<M: Send + 'static> Runnable for Cell<M> {
    fn task(&self) -> &Task {
        &self.task
    }
}

impl<M: Send + 'static> Wake for Cell<M> {
    fn wake(self: Arc<Self>) {
        Task::wake(self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Task::wake_by_ref(self);
    }
}

impl<M: Send + 'static> Waiting for Cell<M> {
    fn id(&self) -> ActorId {
        self.core.id
    }

    fn path(&self) -> &ActorPath {
        &self.core.path
    }

    fn waits(&self) -> &Waits {
        &self.core.waits
    }

    fn give_back_finished(&self) {
        self.mailbox.give_back_finished();
    }
}

impl<M: Send + 'static> Owner for Cell<M> {
    fn task(&self) -> &Task {
        &self.task
    }
}

impl<M: Send + 'static> Watcher for Cell<M> {
    fn down(self: Arc<Self>, down: Down) {
        self.mailbox.push_signal(Signal::Down(down));
    }

    fn path(&self) -> Option<&ActorPath> {
        Some(&self.core.path)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// As what an [`Arc`] points to is laid out.
    #[repr(C)]
    struct Counted {
        counts: [AtomicUsize; 2],
        cell: Cell<u64>,
    }

    #[test]
    fn what_is_rare_takes_no_room_in_an_actor() {
        let sampling = size_of::<u64>() * usize::from(cfg!(feature = "metrics"));
        assert!(size_of::<Counted>() <= 384 + sampling, "{}", size_of::<Counted>());
    }

    #[test]
    fn what_an_actor_writes_for_each_message_shares_no_line_with_what_its_senders_write() {
        let mailbox = offset_of!(Counted, cell) + offset_of!(Cell<u64>, mailbox);
        let (actors, senders) = Mailbox::<u64>::written();
        // The allocator aligns to no more.
        for start in (0..64).step_by(16) {
            let line = |offset: usize| (start + mailbox + offset) / 64;
            assert!(line(actors.end - 1) < line(senders.start));
        }
    }
}
