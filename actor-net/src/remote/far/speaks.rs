//! What actors here say to another node, as frames: core's `Peer`.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::id::ExportId;
use crate::peer::outbox::{Receiver, Sent, cost};
use crate::peer::session::NotBegun;
use crate::wire::message::{Head, Headers, Question};
use crate::wire::protocol::Frame;
use actor_core::wire::{
    self, Abroad, Address, Asks, Exported, Imported, Line, NoRoom, NotSent, Order, Parcel, Peer, Propagator, Terms,
};
use actor_core::{ActorId, ActorPath, AskError, ExitReason};

use super::super::conversation::{Conversation, wake_all};
use super::super::reason::{Told, fate};
use super::{Far, Link, lock, order};

thread_local! {
    /// The conversation of the last message from this thread, which most likely is that of the next: it is found here without a lock, and nobody counts who
    /// holds it.
    static LAST: Cell<Option<Arc<Conversation>>> = const { Cell::new(None) };
}

impl Far {
    /// Does this with the conversation of that number, unless it is over.
    #[inline]
    fn within<R>(&self, session: u64, f: impl FnOnce(&Arc<Conversation>) -> R) -> Option<R> {
        let last = LAST.try_with(Cell::take).ok().flatten();
        let conversation = match last.filter(|last| last.number == session) {
            Some(last) => last,
            None => self.conversation_of(session)?,
        };
        let done = f(&conversation);
        let _ = LAST.try_with(|last| last.set(Some(conversation)));
        Some(done)
    }
}

impl Abroad for Far {
    fn asker_gone(&self, call: u64) {
        let Some(conversation) = self.conversation() else {
            return;
        };
        let settled = conversation.session().calls.settle(call);
        if let Some((_, Some(to))) = settled {
            conversation.in_order(Receiver::Export(to), &Frame::Cancel { call });
        }
    }
}

impl Peer for Far {
    fn terms(&self) -> Option<Terms> {
        self.known.get()
    }

    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<Result<(), NoRoom>> {
        if self.known.is_set() {
            return Poll::Ready(Ok(()));
        }
        let mut link = lock(&self.link);
        match &mut *link {
            Link::Up(_) => return Poll::Ready(Ok(())),
            Link::Lost | Link::Over => return Poll::Ready(Err(NoRoom::NodeDown)),
            Link::Wanted(waiting) | Link::Resting(_, waiting) => {
                if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    waiting.push(cx.waker().clone());
                }
                return Poll::Pending;
            }
            Link::Idle => {}
        }
        drop(link);
        self.want();
        self.poll_connected(cx)
    }

    fn is_ahead(&self) -> bool {
        self.is_ahead.load(Ordering::Relaxed)
    }

    fn poll_turn(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_ahead() {
            return Poll::Ready(());
        }
        let link = lock(&self.link);
        if let Link::Up(conversation) = &*link
            && !conversation.outbox().wait_for_writer(cx.waker())
        {
            return Poll::Pending;
        }
        self.is_ahead.store(false, Ordering::Relaxed);
        Poll::Ready(())
    }

    fn poll_room(
        &self,
        to: ExportId,
        bytes: usize,
        ticket: &mut Option<u64>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), NoRoom>> {
        match self.conversation() {
            Some(conversation) => conversation.poll_room(to, bytes, ticket, cx.waker()),
            None => {
                *ticket = None;
                match self.poll_connected(cx) {
                    // It was made this very moment: asked again, there is a conversation.
                    Poll::Ready(Ok(())) => {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    other => other,
                }
            }
        }
    }

    fn forget(&self, to: ExportId, bytes: usize, ticket: &mut Option<u64>) {
        if let Some(conversation) = self.conversation() {
            conversation.forget(to, bytes, ticket);
        }
    }

    fn give_back(&self, to: ExportId, bytes: usize) {
        if let Some(conversation) = self.conversation() {
            conversation.give_back(to, bytes);
        }
    }

    fn send(&self, to: ExportId, parcel: Parcel<'_>, asks: Option<Asks>, given: Option<usize>) -> Result<(), NotSent> {
        let question = asks.map(|Asks { call, left }| Question {
            call,
            deadline_millis: left.map(millis),
        });
        let head = Head::message(to, question);
        let trace = parcel.trace.as_ref().map(|trace| (trace.parent(), trace.state()));
        let headers = trace.as_ref().map(|(parent, state)| Headers {
            parent: parent.as_bytes(),
            state: state.as_bytes(),
        });
        let sent = self.within(parcel.session, |conversation| {
            let begun = begin_calls(conversation, parcel.replies, Some(to));
            let sent = begun.and_then(|()| conversation.message(to, given, &head, headers, parcel.body));
            let (Sent { tell_writer, is_ahead }, wake) =
                sent.inspect_err(|_| end_calls(conversation, parcel.replies))?;
            if is_ahead {
                self.is_ahead.store(true, Ordering::Relaxed);
            }
            wake_all(wake);
            conversation.tell_writer(tell_writer);
            Ok(())
        });
        let sent = sent.unwrap_or(Err(NotSent::NodeDown));
        if sent.is_err() {
            self.unsend(parcel.exports);
        }
        sent
    }

    fn send_plain(&self, to: ExportId, session: u64, body: &[u8]) -> bool {
        let sent = self.within(session, |conversation| {
            let sent = conversation.plain(to, body)?;
            conversation.tell_writer(sent.tell_writer);
            Some(sent.is_ahead)
        });
        let Some(Some(is_ahead)) = sent else { return false };
        if is_ahead {
            self.is_ahead.store(true, Ordering::Relaxed);
        }
        true
    }

    fn unsend(&self, exports: &[ExportId]) {
        if let (Some(conversation), Some(net)) = (self.conversation(), self.net.upgrade()) {
            net.exports.unsend(conversation.number, exports);
        }
    }

    fn answer(&self, call: u64, answer: Result<Parcel<'_>, AskError>) {
        // Of another conversation than that in which it was asked nothing was noted, and nothing is sent.
        let session = match &answer {
            Ok(parcel) => parcel.session,
            Err(_) => self.known.session(),
        };
        self.within(session, |conversation| answer_in(conversation, call, answer));
    }

    fn order(&self, to: ExportId, what: Order) {
        let mut link = lock(&self.link);
        let conversation = match &mut *link {
            Link::Up(conversation) => Some(conversation.clone()),
            Link::Idle | Link::Wanted(_) | Link::Resting(..) => {
                let mut orders = lock(&self.orders);
                if !orders.contains(&(to, what)) {
                    orders.push((to, what));
                }
                drop(orders);
                drop(link);
                return self.want();
            }
            Link::Lost | Link::Over => None,
        };
        drop(link);
        match (conversation, self.proxy(to)) {
            (Some(conversation), _) => order(&conversation, self, to, what),
            (None, Some(proxy)) => proxy.life_ended(&ExitReason::NodeDown),
            (None, None) => {}
        }
    }

    fn link(&self, to: ExportId, number: u64, by: ActorId, path: &ActorPath) {
        match (self.conversation(), self.proxy(to)) {
            (Some(conversation), Some(proxy)) => self.link_over(&conversation, &proxy, number, by, path),
            _ => self.want(),
        }
    }

    fn unlink(&self, number: u64) {
        if let Some(conversation) = self.conversation() {
            let linked = conversation.session().links.settle(number);
            if linked.is_some() {
                conversation.control(&Frame::Unlink { link: number });
            }
        }
    }

    fn break_link(&self, number: u64, reason: &ExitReason) {
        if let Some(conversation) = self.conversation() {
            let linked = conversation.session().links.settle(number);
            if linked.is_some() {
                conversation.behind(&Frame::LinkBroken {
                    after: 0,
                    link: number,
                    own: true,
                    reason: Told::of(reason).reason(),
                });
            }
        }
    }

    fn export(&self, exported: Arc<dyn Exported>) -> Result<Address, String> {
        let net = self.net.upgrade().ok_or("this node has left")?;
        let conversation = self.conversation().ok_or("there is no connection")?;
        let path = exported.path().to_string();
        let export = net.exports.send(conversation.number, exported)?;
        Ok(net.address_of(export, &path))
    }

    fn pass_on(&self, address: &Address) -> Result<(), String> {
        if let Some(net) = self.net.upgrade() {
            net.linger(address);
        }
        Ok(())
    }

    fn import(self: Arc<Self>, address: Address) -> Result<Imported, String> {
        let net = self.net.upgrade().ok_or("this node has left")?;
        net.import(&self, address)
    }

    fn next_call(&self) -> u64 {
        self.next_call.fetch_add(1, Ordering::Relaxed)
    }

    fn line(self: Arc<Self>, call: u64) -> Result<Arc<Line>, String> {
        let conversation = self.conversation().ok_or("there is no connection")?;
        let line = Line::new(self, call);
        let begun = conversation.session().their_calls.begin_as(call, line.clone());
        match begun {
            Ok(()) => Ok(line),
            Err((_, NotBegun::InUse)) => Err("two reply ports have the same number".to_owned()),
            Err(_) => Err("too many questions are unanswered".to_owned()),
        }
    }

    fn taken(&self, session: u64, export: ExportId, bytes: usize) {
        if let (Some(conversation), Some(net)) = (self.conversation_of(session), self.net.upgrade()) {
            let worth = net.credit_worth();
            conversation.received().taken(export, cost(bytes), worth);
            conversation.give_credit();
        }
    }

    fn propagator(&self) -> Option<Arc<dyn Propagator>> {
        let reads_traces = self
            .conversation()
            .is_some_and(|conversation| conversation.reads_traces);
        let net = self.net.upgrade().filter(|_| reads_traces)?;
        net.propagator.clone()
    }

    fn released(&self, export: ExportId) {
        let mut proxies = lock(&self.proxies);
        let gone = match proxies.get(&export) {
            Some(entry) if entry.proxy.strong_count() == 0 => proxies.remove(&export),
            _ => None,
        };
        drop(proxies);
        let (Some(entry), Some(conversation)) = (gone, self.conversation()) else {
            return;
        };
        if let Some(watch) = entry.watch {
            conversation.session().watches.settle(watch);
            conversation.control(&Frame::Unwatch { watch });
        }
        conversation.drop_window(export);
        if entry.held > 0 {
            let count = entry.held;
            conversation.in_order(Receiver::Export(export), &Frame::Release { export, count });
        }
    }
}

/// Sends an answer, or why there is none, unless the asker has gone.
fn answer_in(conversation: &Conversation, call: u64, answer: Result<Parcel<'_>, AskError>) {
    let asked = conversation.session().their_calls.settle(call);
    if asked.is_none() {
        return;
    }
    let refused = match answer {
        Ok(parcel) => match begin_calls(conversation, parcel.replies, None) {
            Ok(()) => return conversation.answer(call, parcel.body),
            Err(_) => AskError::Unsendable("too many questions are unanswered".to_owned()),
        },
        Err(why) => why,
    };
    let (code, words) = fate(&refused);
    conversation.control(&Frame::Unanswered {
        call,
        code,
        words: &words,
    });
}

/// Notes who waits for the answers to a message. Most have none.
#[inline]
fn begin_calls(
    conversation: &Conversation,
    replies: &[(u64, Arc<dyn wire::Asker>)],
    to: Option<ExportId>,
) -> Result<(), NotSent> {
    match replies {
        [] => Ok(()),
        replies => begin_each(conversation, replies, to),
    }
}

fn begin_each(
    conversation: &Conversation,
    replies: &[(u64, Arc<dyn wire::Asker>)],
    to: Option<ExportId>,
) -> Result<(), NotSent> {
    let mut session = conversation.session();
    for (call, asker) in replies {
        if let Err((asker, why)) = session.calls.begin_as(*call, (asker.clone(), to)) {
            drop(session);
            drop(asker);
            return Err(match why {
                NotBegun::Over | NotBegun::Rests => NotSent::NodeDown,
                NotBegun::TooMany | NotBegun::InUse => NotSent::Refused("too many questions are unanswered".to_owned()),
            });
        }
    }
    Ok(())
}

/// They are not sent after all.
#[cold]
fn end_calls(conversation: &Conversation, replies: &[(u64, Arc<dyn wire::Asker>)]) {
    let mut session = conversation.session();
    let unsent: Vec<_> = replies.iter().map(|(call, _)| session.calls.settle(*call)).collect();
    drop(session);
    drop(unsent);
}

/// As it is said: what is longer than can be is not without end.
fn millis(left: Duration) -> u32 {
    u32::try_from(left.as_millis()).unwrap_or(u32::MAX - 1)
}
