//! What a peer says, carried out frame by frame.

mod answers;
mod late;
mod lives;

use std::sync::Arc;

use actor_core::wire::{Address, Peer, Proxy};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::{Closed, LookupError};
use crate::id::ExportId;
use crate::peer::late::Late;
use crate::peer::packing;
use crate::peer::reassembly::{Came, Reassembly};
use crate::wire::HandleRef;
use crate::wire::codes::{self, Goodbye};
use crate::wire::frame::Decoder;
use crate::wire::message::Message;
use crate::wire::protocol::{Frame, ProtocolError};

use super::arriving::{Arriving, Source};
use super::conversation::Conversation;
use super::exports::Export;
use super::far::Far;
use super::greeting::came;
use super::net::Net;
use super::reason::{fate_of, heard};
use answers::Answered;

/// A message that found its actor's mailbox full counts for so many: the actor is to have its turn, and the others are not to wait for it.
const FRAMES_PER_HELD: u32 = 64;

/// Less than this of a large message is not worth a read of its own.
const REST_BYTES_MIN: usize = 4 << 10;

/// What may bring more to be written is kept while too much of that waits: as much as a node of the same settings may have had to say
/// before the answers that are owed, and what is under way in between.
const LATE_BY_OUTBOX: usize = 4;

/// The reading end of a conversation.
pub(super) struct Inbound {
    net: Arc<Net>,
    far: Arc<Far>,
    /// The same, as core knows it.
    peer: Arc<dyn Peer>,
    conversation: Arc<Conversation>,
    reassembly: Reassembly,
    /// How many data frames were handed on. It is done at once, so that what goes behind one of them never has to wait.
    handed_on: u64,
    /// The actor that the last messages went to, and what they cost of its window: many come in a row.
    run: Option<Run>,
    /// So much may wait beyond the bound of one mailbox before the peer is cut off: its window, and what honest senders
    /// exceed it by.
    waiting_max: usize,
    /// The connection was given up here, and is to be closed by the peer.
    rests: bool,
    /// What may bring more to be written waits, as too much of that waits already.
    holds: bool,
    late: Late,
    answered: Answered,
}

/// Messages in a row for one actor.
struct Run {
    to: ExportId,
    export: Arc<Export>,
    cost: usize,
}

impl Inbound {
    pub(super) fn new(net: Arc<Net>, far: Arc<Far>, conversation: Arc<Conversation>) -> Self {
        let config = &net.config;
        let reassembly = Reassembly::new(
            config.streams_max,
            config.whole_bytes_max(),
            config.unfinished_bytes_max(),
            REST_BYTES_MIN,
        );
        let late = Late::new(config.outbox_bytes_max.saturating_mul(LATE_BY_OUTBOX));
        let waiting_max = config.window_bytes as usize + 2 * config.message_bytes_max;
        Self {
            peer: far.clone(),
            net,
            far,
            conversation,
            reassembly,
            handed_on: 0,
            run: None,
            waiting_max,
            rests: false,
            holds: false,
            late,
            answered: Answered::default(),
        }
    }

    /// Carries out the next frame; or of messages for one actor, as they come one behind the other, at most so many. Returns how much that
    /// was, as others are to have their turn; `None` until more bytes come.
    ///
    /// # Errors
    /// The conversation has to end, for this reason.
    pub(super) fn next(&mut self, decoder: &mut Decoder, most: u32) -> Result<Option<u32>, Closed> {
        match self.reassembly.came(decoder) {
            Came::Nothing => {}
            Came::Part => return Ok(None),
            Came::Piece => {
                self.goes_on();
                return Ok(Some(1));
            }
            Came::Whole(whole) => {
                self.goes_on();
                return self.whole(whole).map(Some);
            }
        }
        let Some(bytes) = decoder.peek()? else {
            let begun = self.reassembly.begin(decoder)?;
            begun.map_err(|_| Closed::Ended(Goodbye::Limit))?;
            return Ok(None);
        };
        let to = Message::of(bytes).map(|message| message.to);
        if let Some(to) = to.filter(|_| !self.holds) {
            self.goes_on();
            return self.messages(to, Source::Stream(decoder), most).map(Some);
        }
        match self.answers(decoder, most)? {
            0 => {}
            taken => return Ok(Some(taken)),
        }
        match decoder.next()? {
            Some(bytes) => self.frame(bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Reads what comes next.
    pub(super) async fn read(
        &mut self,
        reader: &mut (impl AsyncRead + Unpin),
        decoder: &mut Decoder,
    ) -> Result<(), Closed> {
        // What is large is read to where it is put together, and copied no more.
        let bytes = if let Some(mut room) = self.reassembly.room() {
            came(reader.read_buf(&mut room).await)?
        } else {
            let bytes = came(reader.read(decoder.room()).await)?;
            decoder.filled(bytes);
            bytes
        };
        self.conversation.traffic.read(bytes);
        Ok(())
    }

    /// The peer uses the connection, which it had given up.
    fn goes_on(&mut self) {
        if std::mem::take(&mut self.rests) {
            self.far.rest_no_longer();
            self.net.tell_those_who_want(&self.far.id.name, &Ok(self.far.clone()));
        }
    }

    /// Carries out a frame, given without its length.
    fn frame(&mut self, bytes: &[u8]) -> Result<u32, Closed> {
        let frame = Frame::parse(bytes)?;
        if !frame.is_upkeep() {
            self.goes_on();
        }
        match frame {
            Frame::Chunk { stream, last, piece } => {
                let whole = self
                    .reassembly
                    .piece(stream, last, piece.0)
                    .map_err(|_| Closed::Ended(Goodbye::Limit))?;
                whole.map_or(Ok(1), |whole| self.whole(whole))
            }
            Frame::Packed { bytes, block } => self.unpack(bytes, block.0),
            frame => self.carry_out(bytes, frame),
        }
    }

    /// Carries out a frame that came in pieces.
    fn whole(&mut self, whole: Vec<u8>) -> Result<u32, Closed> {
        let taken = match Frame::parse(&whole)? {
            Frame::Chunk { .. } => return Err(ProtocolError::OutOfPlace("Chunk").into()),
            Frame::Packed { bytes, block } => self.unpack(bytes, block.0)?,
            frame => self.carry_out(&whole, frame)?,
        };
        self.reassembly.reuse(whole);
        Ok(taken)
    }

    fn unpack(&mut self, bytes: u32, block: &[u8]) -> Result<u32, Closed> {
        let whole = packing::unpack(bytes, block, self.net.config.whole_bytes_max());
        let whole = whole.ok_or(ProtocolError::Malformed("Packed"))?;
        match Frame::parse(&whole)? {
            frame if frame.is_data() => self.carry_out(&whole, frame),
            other => Err(ProtocolError::OutOfPlace(other.name()).into()),
        }
    }

    fn carry_out(&mut self, bytes: &[u8], frame: Frame<'_>) -> Result<u32, Closed> {
        if self.holds && !frame.is_owed() {
            self.late.put(bytes);
            return Ok(1);
        }
        match Message::of(bytes) {
            Some(message) => self.messages(message.to, Source::One(Some(message)), 1),
            None => self.carry_out_other(frame).map(|()| 1),
        }
    }

    /// Delivers messages to one actor.
    fn messages(&mut self, to: ExportId, source: Source<'_>, most: u32) -> Result<u32, Closed> {
        if self.run.as_ref().is_none_or(|run| run.to != to) {
            self.pause();
            let export = self.net.exports.get(to);
            self.run = export.map(|export| Run { to, export, cost: 0 });
        }
        let (conversation, waiting_max) = (&*self.conversation, self.waiting_max);
        let outcome = match &mut self.run {
            Some(run) => {
                let exported = &run.export.exported;
                let mut arriving = Arriving::new(to, source, most, waiting_max, exported.path(), conversation);
                exported.deliver(to, &self.peer, &conversation.terms, &mut arriving);
                run.cost += arriving.outcome.cost;
                arriving.outcome
            }
            // Nothing is given back to its window, which goes with it.
            None => {
                let mut arriving = Arriving::new(to, source, most, waiting_max, &"", conversation);
                arriving.turn_away();
                arriving.outcome
            }
        };
        self.handed_on += u64::from(outcome.taken);
        match outcome.broken {
            Some(why) => Err(why),
            None => Ok(outcome.taken + outcome.held * FRAMES_PER_HELD),
        }
    }

    fn carry_out_other(&mut self, frame: Frame<'_>) -> Result<(), Closed> {
        match frame {
            Frame::Answer { call, body } => {
                self.answer(call, body.0);
                Ok(())
            }
            Frame::Unanswered { call, code, words } => {
                self.unanswered(call, fate_of(code, words));
                Ok(())
            }
            Frame::Cancel { call } => {
                let line = self.conversation.session().their_calls.settle(call);
                if let Some(line) = line {
                    line.hang_up();
                }
                Ok(())
            }
            Frame::Ping { token } => {
                self.conversation.control(&Frame::Pong { token });
                Ok(())
            }
            Frame::Pong { token } => {
                self.conversation.pong(token);
                Ok(())
            }
            Frame::Credit { to, bytes } => {
                self.conversation.credited(to, bytes as usize);
                Ok(())
            }
            Frame::Members { packet } => {
                self.conversation.carries_packet();
                self.net.packets.came(&self.far.id, packet.0);
                Ok(())
            }
            Frame::Unneeded { round } => {
                self.rests = self.rests || self.far.rest(&self.conversation, None);
                if self.rests {
                    self.conversation.control(&Frame::Neither { round });
                }
                Ok(())
            }
            Frame::Neither { round } => {
                let both_rest = self.rests && self.conversation.is_proposed(round);
                if both_rest || self.far.rest(&self.conversation, Some(round)) {
                    return Err(Closed::Ended(Goodbye::Idle));
                }
                Ok(())
            }
            // What is in it is neither a `Tell` nor an `Ask`.
            Frame::Traced { .. } => Err(ProtocolError::Malformed("Traced").into()),
            Frame::Goodbye { code, words } => Err(Closed::EndedByPeer {
                code,
                words: words.to_owned(),
            }),
            Frame::Watch { watch, to } => self.watch(watch, to),
            Frame::Unwatch { watch } => {
                let watched = self.conversation.session().their_watches.settle(watch);
                drop(watched);
                Ok(())
            }
            Frame::Down { after, watch, reason } => {
                self.is_behind(after)?;
                let watched = self.conversation.session().watches.settle(watch);
                if let Some(export) = watched {
                    self.far.down(export, heard(&reason, self.far.id.name.as_str()));
                }
                Ok(())
            }
            Frame::Ended { after, ending, reason } => {
                self.is_behind(after)?;
                let ended = self.conversation.session().endings.settle(ending);
                match ended.and_then(|export| self.far.proxy(export)) {
                    None => {}
                    Some(proxy) if reason.end == codes::end::REFUSED => proxy.order_refused(),
                    Some(proxy) => proxy.life_ended(&heard(&reason, self.far.id.name.as_str())),
                }
                Ok(())
            }
            Frame::Order {
                after,
                to,
                order,
                ending,
            } => {
                self.is_behind(after)?;
                self.order(to, order, ending)
            }
            Frame::Link { link, to, from, path } => self.link(link, to, from, path),
            Frame::Unlink { link } => {
                let linked = self.conversation.session().their_links.settle(link);
                drop(linked);
                Ok(())
            }
            Frame::LinkBroken {
                after,
                link,
                own,
                reason,
            } => {
                self.is_behind(after)?;
                self.link_broken(link, own, &reason);
                Ok(())
            }
            Frame::Lookup {
                request,
                name,
                protocol,
                version,
                fingerprint,
                codec,
            } => {
                let wanted = super::lookup::Wanted {
                    protocol,
                    version,
                    fingerprint,
                    codec,
                };
                let found = super::lookup::find(&self.net, name, &wanted);
                super::lookup::reply(&self.net, &self.conversation, request, found);
                Ok(())
            }
            Frame::Spawn {
                request,
                kind,
                protocol,
                version,
                fingerprint,
                codec,
                args,
            } => {
                let wanted = super::lookup::Wanted {
                    protocol,
                    version,
                    fingerprint,
                    codec,
                };
                super::lookup::spawn(
                    &self.net,
                    &self.peer,
                    &self.conversation,
                    request,
                    kind,
                    &wanted,
                    args.0,
                );
                Ok(())
            }
            Frame::Found { request, handle } => {
                let asked = self.conversation.session().requests.settle(request);
                if let Some(asked) = asked {
                    let found = self.found(&handle)?;
                    // Where nobody waits any more it is let go of at once.
                    let _ = asked.send(found);
                }
                Ok(())
            }
            Frame::NotFound { request, code, words } => {
                let asked = self.conversation.session().requests.settle(request);
                if let Some(asked) = asked {
                    let _ = asked.send(Err(super::lookup::not_found(code, words)));
                }
                Ok(())
            }
            Frame::Release { export, count } => {
                self.pause();
                if !self.net.exports.release(self.conversation.number, export, count) {
                    return Err(ProtocolError::Malformed("Release").into());
                }
                self.conversation.received().released(export);
                Ok(())
            }
            Frame::Hello { .. }
            | Frame::Challenge { .. }
            | Frame::Proof { .. }
            | Frame::Welcome { .. }
            | Frame::Refused { .. }
            | Frame::Tell { .. }
            | Frame::Ask { .. }
            | Frame::Packed { .. }
            | Frame::Chunk { .. } => Err(ProtocolError::OutOfPlace(frame.name()).into()),
        }
    }

    /// Nothing more has come for now: what was taken is noted, to be given back.
    pub(super) fn pause(&mut self) {
        if let Some(run) = self.run.take() {
            let worth = self.net.credit_worth();
            self.conversation.received().credit(run.to, run.cost, worth);
        }
    }

    /// That data which goes before a frame has come, as it must have.
    fn is_behind(&self, after: u64) -> Result<(), Closed> {
        let broken = ProtocolError::Malformed("after");
        (after <= self.handed_on).then_some(()).ok_or(broken.into())
    }

    /// What was looked up, which this node holds from now on.
    fn found(&self, handle: &HandleRef<'_>) -> Result<Result<Arc<Proxy>, LookupError>, Closed> {
        let id = &self.far.id;
        if handle.owner != id.name.as_str() || handle.incarnation != id.incarnation {
            return Err(ProtocolError::Malformed("Found").into());
        }
        let address = Address {
            node: handle.owner.into(),
            incarnation: handle.incarnation.0,
            export: handle.export,
            path: handle.path.into(),
        };
        Ok(Far::import(&self.far, address, true).ok_or(LookupError::NodeDown))
    }
}
