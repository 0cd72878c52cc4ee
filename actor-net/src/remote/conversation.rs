//! One conversation with a peer, from handshake to loss: what both sides owe, and what waits to be written.
//!
//! Shared by the handles that send over it, by the actors that answer, and by the driver that reads and writes.

mod places;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use actor_core::wire::{Asker, Line, Linked, NotSent, Proxy, Terms, Watched};
use actor_core::{AskError, ExitReason};
use tokio::sync::{Notify, oneshot, watch};

use crate::clock::now;
use crate::config::NetConfig;
use crate::error::{Closed, LookupError};
use crate::id::{ExportId, NodeId};
use crate::peer::exports::SessionId;
use crate::peer::handshake::Agreed;
use crate::peer::heartbeat::{Beat, Heartbeat};
use crate::peer::outbox::{self, Admitted, Batch, Numbered, Outbox, OutboxLimits, Receiver, Sent, Unsent};
use crate::peer::packing;
use crate::peer::session::{Matters, Session, SessionLimits};
use crate::wire::Rest;
use crate::wire::codes::Goodbye;
use crate::wire::message::{self, Head, Headers};
use crate::wire::protocol::{Frame, MEMBERS, PACKED, TRACED};

use super::complaints::Complaints;
use super::exports::Name;
use super::far::Far;
use super::holdings::Holdings;
use super::received::Received;
use super::traffic::Traffic;

use places::Places;

/// What the matters of a session are to nodes.
pub(super) struct Kinds;

impl Matters for Kinds {
    /// Who asks, and whom: a `Cancel` follows its `Ask`. A reply port that came in an answer asks nobody.
    type Call = (Arc<dyn Asker>, Option<ExportId>);
    type Watch = ExportId;
    type Ending = ExportId;
    /// To whom, and by whom.
    type Link = (ExportId, Name);
    type Request = oneshot::Sender<Result<Arc<Proxy>, LookupError>>;
    type TheirCall = Arc<Line>;
    /// Until it has begun there is nothing to end.
    type TheirWatch = Option<Watched>;
    /// By whom, as its handles say.
    type TheirLink = (ExportId, Option<Linked>);
}

pub(crate) struct Conversation {
    pub(crate) number: SessionId,
    pub(crate) peer: NodeId,
    pub(crate) terms: Terms,
    pub(crate) since: Instant,
    pub(crate) traffic: Traffic,
    pub(super) complaints: Complaints,
    /// From how many bytes on messages are packed, if they are.
    packs_from: Option<usize>,
    reads_packets: bool,
    pub(super) reads_traces: bool,
    /// When the last packet of the membership went or came.
    last_packet: Mutex<Option<tokio::time::Instant>>,
    outbox: Mutex<Outbox>,
    session: Mutex<Session<Kinds>>,
    /// Senders that wait for room, by their tickets.
    places: Mutex<Places>,
    received: Mutex<Received>,
    heartbeat: Mutex<Heartbeat>,
    /// There is something to write, or the conversation is to end.
    pub(super) to_write: Notify,
    /// Something was written.
    is_written: Notify,
    ends: Mutex<Option<Closed>>,
    is_ended: Notify,
    stage: watch::Sender<Stage>,
}

/// How far a conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Live,
    /// Everybody who waited for something of it was told of its end, and nothing of it happens any more.
    Cleared,
    /// Its last words are said.
    Gone,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing of a user's runs under one of these.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Most of what is done wakes nobody.
#[inline]
pub(super) fn wake_all(wakers: Vec<Waker>) {
    if !wakers.is_empty() {
        wakers.into_iter().for_each(Waker::wake);
    }
}

#[inline(never)]
fn pack(head: &[u8], body: &[u8]) -> Option<(Head, Vec<u8>)> {
    let (bytes, block) = packing::pack(head, body)?;
    Some((Head::packed(bytes), block))
}

impl Conversation {
    pub(crate) fn new(number: SessionId, agreed: &Agreed, terms: Terms, now: Instant, config: &NetConfig) -> Arc<Self> {
        let reads_packed = agreed.features & PACKED != 0;
        Arc::new(Self {
            number,
            peer: agreed.peer.clone(),
            terms,
            since: now,
            traffic: Traffic::default(),
            complaints: Complaints::default(),
            reads_packets: agreed.features & MEMBERS != 0,
            reads_traces: agreed.features & TRACED != 0,
            last_packet: Mutex::default(),
            packs_from: config.compress_bytes_min.filter(|_| reads_packed),
            outbox: Mutex::new(Outbox::new(OutboxLimits {
                // A piece has a few bytes around it.
                chunk_bytes: config.chunk_bytes.min(agreed.frame_bytes_max as usize / 2).max(1),
                outbox_bytes_max: config.outbox_bytes_max,
                window_bytes: agreed.window_bytes as usize,
            })),
            session: Mutex::new(Session::new(SessionLimits {
                calls_max: config.calls_max,
                watches_max: config.watches_max,
                requests_max: config.requests_max,
            })),
            // No ticket of another conversation is one of this.
            places: Mutex::new(Places {
                next: number << 32,
                ..Places::default()
            }),
            received: Mutex::default(),
            heartbeat: Mutex::new(Heartbeat::new(config.heartbeat_interval, config.heartbeat_timeout, now)),
            to_write: Notify::new(),
            is_written: Notify::new(),
            ends: Mutex::default(),
            is_ended: Notify::new(),
            stage: watch::Sender::new(Stage::Live),
        })
    }

    pub(super) fn session(&self) -> MutexGuard<'_, Session<Kinds>> {
        lock(&self.session)
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        lock(&self.outbox)
    }

    /// Ends it for this reason; the driver sees to the rest.
    pub(crate) fn end(&self, why: Closed) {
        lock(&self.ends).get_or_insert(why);
        self.to_write.notify_one();
        self.is_ended.notify_one();
    }

    /// Waits until it is ended in such a way that nothing more is to be read or written.
    pub(super) async fn until_cut(&self) -> Closed {
        loop {
            let ended = self.is_ended.notified();
            if let Some(why) = self.ends()
                && why != Closed::Ended(Goodbye::Leaving)
            {
                return why;
            }
            ended.await;
        }
    }

    pub(super) fn ends(&self) -> Option<Closed> {
        lock(&self.ends).clone()
    }

    pub(super) fn control(&self, frame: &Frame<'_>) {
        let parked = self.outbox().push_control(frame);
        self.tell_writer(parked);
    }

    /// Sends a packet of the membership, unless the peer reads none, or too much waits to be written.
    pub(super) fn packet(&self, packet: &[u8]) {
        if self.reads_packets && !self.outbox().is_over() {
            self.carries_packet();
            self.control(&Frame::Members { packet: Rest(packet) });
        }
    }

    /// A packet of the membership goes or has come.
    pub(super) fn carries_packet(&self) {
        *lock(&self.last_packet) = Some(now());
    }

    /// When the last one did.
    pub(super) fn last_packet(&self) -> Option<tokio::time::Instant> {
        *lock(&self.last_packet)
    }

    pub(super) fn behind(&self, frame: &Frame<'_>) {
        let parked = self.outbox().push_behind(frame);
        self.tell_writer(parked);
    }

    /// Sends a frame in its place among those to the same receiver.
    pub(super) fn in_order(&self, to: Receiver, frame: &Frame<'_>) {
        let mut fields = Vec::new();
        frame.encode_fields(&mut fields);
        let parked = self.outbox().push(to, Numbered::No, 0, &fields, &mut Vec::new());
        self.tell_writer(parked);
    }

    pub(super) fn tell_writer(&self, parked: bool) {
        if parked {
            self.to_write.notify_one();
        }
    }

    /// It has come so far.
    pub(super) fn reach(&self, stage: Stage) {
        self.stage.send_modify(|reached| *reached = stage.max(*reached));
    }

    /// Waits until it has come so far.
    pub(crate) async fn until(&self, stage: Stage) {
        let mut reached = self.stage.subscribe();
        let _ = reached.wait_for(|reached| *reached >= stage).await;
    }

    /// Sends a small message that is nothing but its body, if there is room now.
    #[inline]
    pub(super) fn plain(&self, to: ExportId, body: &[u8]) -> Option<Sent> {
        if self.packs_from.is_some_and(|least| body.len() >= least) {
            return None;
        }
        self.outbox().push_plain(to, body)
    }

    /// Sends a message into the room that was given for it, or if there is room now; with its trace, if the peer reads that. To tell the writer, and to wake who has the room
    /// that it did not need, is for the caller to do.
    pub(super) fn message(
        &self,
        to: ExportId,
        given: Option<usize>,
        head: &Head,
        trace: Option<Headers<'_>>,
        body: &mut Vec<u8>,
    ) -> Result<(Sent, Vec<Waker>), NotSent> {
        let headers = trace.filter(|_| self.reads_traces);
        let cost = outbox::cost(body.len() + headers.map_or(0, |headers| headers.bytes()));
        let whole = headers.map(|headers| message::traced(headers, head));
        let mut wake = Vec::new();
        let mut packed = self.packed(whole.as_deref().unwrap_or(head), body);
        let whole = whole.filter(|_| packed.is_none());
        let (head, body) = packed.as_mut().map_or((head, body), |(head, block)| (&*head, block));
        let mut outbox = self.outbox();
        match given {
            None => match outbox.try_admit(to, cost) {
                Admitted::Yes => {}
                Admitted::Waits | Admitted::Rests => return Err(NotSent::Full),
                Admitted::Closed => return Err(NotSent::NodeDown),
            },
            // Whoever sends may know this conversation a little longer than it lasts.
            Some(_) if outbox.is_closed() => return Err(NotSent::NodeDown),
            Some(given) => outbox.settle(to, outbox::cost(given), cost, &mut wake),
        }
        let pushed = match &whole {
            None => outbox.push_small(cost, head, body),
            Some(_) => None,
        };
        let tell_writer = pushed.unwrap_or_else(|| {
            let head = whole.as_deref().unwrap_or(head);
            outbox.push(Receiver::Export(to), Numbered::Yes, cost, head, body)
        });
        let is_ahead = outbox.is_ahead();
        Ok((Sent { tell_writer, is_ahead }, wake))
    }

    /// A message as it goes where the peer reads packed ones, if it is worth it.
    #[inline]
    fn packed(&self, head: &[u8], body: &[u8]) -> Option<(Head, Vec<u8>)> {
        match self.packs_from {
            Some(least) if body.len() >= least => pack(head, body),
            _ => None,
        }
    }

    /// Sends an answer, which waits for no room: while there is too much of that, nothing is read from the peer.
    pub(super) fn answer(&self, call: u64, body: &mut Vec<u8>) {
        let cost = outbox::cost(body.len());
        let head = &Head::answer(call);
        let mut packed = self.packed(head, body);
        let (head, body) = packed.as_mut().map_or((head, body), |(head, block)| (&*head, block));
        let mut outbox = self.outbox();
        outbox.admit_answer(cost);
        let parked = outbox
            .push_small(cost, head, body)
            .unwrap_or_else(|| outbox.push(Receiver::Call(call), Numbered::Yes, cost, head, body));
        drop(outbox);
        self.tell_writer(parked);
    }

    /// Takes what is to be written next. Returns whether there was anything.
    pub(super) fn take(&self, batch: &mut Batch) -> bool {
        let taken = self.outbox().take(batch);
        wake_all(std::mem::take(&mut batch.wake));
        taken
    }

    /// Everything that was taken out of the outbox is written.
    pub(super) fn written(&self, batch: &mut Batch) {
        self.traffic.wrote(batch.len());
        let mut wake = Vec::new();
        self.outbox().written(batch, &mut wake);
        wake_all(wake);
        self.is_written.notify_one();
    }

    /// Whether more waits to be written than may.
    pub(super) fn is_over(&self) -> bool {
        self.outbox().is_over()
    }

    /// Waits for as long as that is so.
    pub(super) async fn until_not_over(&self) {
        while self.is_over() {
            self.is_written.notified().await;
        }
    }

    /// Adds what this conversation keeps.
    pub(crate) fn add_to(&self, holdings: &mut Holdings) {
        let session = self.session();
        holdings.calls += session.calls.len();
        holdings.their_calls += session.their_calls.len();
        holdings.watches += session.watches.len();
        holdings.their_watches += session.their_watches.len();
        holdings.endings += session.endings.len();
        holdings.links += session.links.len() + session.their_links.len();
        holdings.requests += session.requests.len();
        drop(session);
        holdings.waiting += lock(&self.places).by_ticket.len();
        holdings.outbox_bytes += self.outbox().bytes();
        holdings.inbox_bytes += self.received().waiting();
    }

    /// Bytes came.
    pub(super) fn heard(&self) {
        lock(&self.heartbeat).heard();
    }

    pub(super) fn pong(&self, token: u64) {
        lock(&self.heartbeat).pong(token, now().into_std());
    }

    pub(super) fn next_tick(&self) -> Instant {
        lock(&self.heartbeat).next_tick()
    }

    pub(super) fn beat(&self, now: Instant) -> Beat {
        lock(&self.heartbeat).tick(now)
    }

    /// The token of a ping that is to be sent at once.
    pub(super) fn doubt(&self, now: Instant) -> u64 {
        lock(&self.heartbeat).ping(now)
    }

    /// For how long nothing was heard, as of the last look.
    pub(crate) fn silent_for(&self, now: Instant) -> Duration {
        lock(&self.heartbeat).silent_for(now)
    }

    /// How long an answer takes, as far as that is known.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        lock(&self.heartbeat).round_trip().map(|usual| usual.mean)
    }

    /// Whether nothing is owed by either side.
    pub(super) fn is_idle(&self) -> bool {
        self.session().is_idle()
    }

    /// Proposes to close it.
    pub(super) fn propose(&self) {
        let parked = self.outbox().propose();
        self.tell_writer(parked);
    }

    /// Whether that was proposed from here in this round, and still holds.
    pub(super) fn is_proposed(&self, round: u64) -> bool {
        self.outbox().is_proposed(round)
    }

    /// Lets nothing of ours begin any more, if nothing is open and nothing waits to be written; what waits since a `proposal`
    /// of ours that holds is upkeep. Returns whether it is so.
    pub(super) fn rest(&self, proposal: Option<u64>) -> bool {
        let mut session = self.session();
        let rests = session.is_idle() && self.outbox().rest(proposal);
        session.rest(rests);
        rests
    }

    /// The peer needs it after all.
    pub(super) fn goes_on(&self) {
        let mut session = self.session();
        self.outbox().goes_on();
        session.rest(false);
    }

    /// Nothing is sent in it any more.
    pub(super) fn close(&self) -> Unsent {
        self.outbox().close()
    }

    /// It is over: whoever waits for something of it is told, each once.
    pub(super) fn clear(&self, far: &Far, unsent: Unsent) {
        wake_all(unsent.wake);
        if unsent.frames > 0 {
            tracing::debug!(peer = %self.peer, frames = unsent.frames, "were never sent");
        }
        let lost = self.session().lose();
        for (asker, _) in lost.calls {
            asker.refuse(AskError::NodeDown);
        }
        for proxy in lost.endings.into_iter().filter_map(|export| far.proxy(export)) {
            proxy.life_ended(&ExitReason::NodeDown);
        }
        for line in lost.their_calls {
            line.hang_up();
        }
        for (from, linked) in lost.their_links {
            if let Some(linked) = linked {
                linked.broken(ExitReason::NodeDown, far.id_of(from));
            }
        }
        // The watches fire, and our links break, where the loss of the node is told to all that stands here for its actors.
        drop((lost.watches, lost.links, lost.requests, lost.their_watches));
        lock(&self.places).by_ticket.clear();
        self.reach(Stage::Cleared);
    }

    /// What came and was not given back.
    pub(super) fn received(&self) -> MutexGuard<'_, Received> {
        lock(&self.received)
    }

    /// Gives the senders back what was taken.
    pub(super) fn give_credit(&self) {
        let mut frames = Vec::new();
        self.received().take_credit(|to, bytes| {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            frames.push(Frame::Credit { to, bytes });
        });
        frames.iter().for_each(|frame| self.control(frame));
    }
}
