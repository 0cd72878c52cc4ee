//! What a peer says, carried out frame by frame.

mod lives;

use std::sync::Arc;
use std::time::Duration;

use actor_core::wire::{Address, Asked, Delivery, Peer, Proxy};

use crate::clock::now;
use crate::error::{Closed, LookupError};
use crate::id::ExportId;
use crate::peer::outbox::cost;
use crate::peer::packing;
use crate::peer::reassembly::Reassembly;
use crate::wire::HandleRef;
use crate::wire::codes::{self, Goodbye, Unanswered};
use crate::wire::protocol::{Frame, ProtocolError};

use super::conversation::Conversation;
use super::exports::Export;
use super::far::Far;
use super::net::Net;
use super::reason::{fate_of, heard};

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
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Done,
    /// It was a message that waits beyond the bound of its actor's mailbox.
    Held,
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
        );
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
        }
    }

    /// Carries out a frame, given without its length.
    ///
    /// # Errors
    /// The conversation has to end, for this reason.
    pub(super) fn frame(&mut self, bytes: &[u8]) -> Result<Taken, Closed> {
        let frame = Frame::parse(bytes)?;
        if self.rests && !frame.is_upkeep() {
            self.rests = false;
            self.far.rest_no_longer();
            self.net.tell_those_who_want(&self.far.id.name, &Ok(self.far.clone()));
        }
        match frame {
            Frame::Chunk { stream, last, piece } => {
                let whole = self
                    .reassembly
                    .piece(stream, last, piece.0)
                    .map_err(|_| Closed::Ended(Goodbye::Limit))?;
                match whole {
                    None => Ok(Taken::Done),
                    Some(whole) => {
                        let taken = match Frame::parse(&whole)? {
                            Frame::Chunk { .. } => return Err(ProtocolError::OutOfPlace("Chunk").into()),
                            Frame::Packed { bytes, block } => self.unpack(bytes, block.0)?,
                            frame => self.carry_out(frame)?,
                        };
                        self.reassembly.reuse(whole);
                        Ok(taken)
                    }
                }
            }
            Frame::Packed { bytes, block } => self.unpack(bytes, block.0),
            frame => self.carry_out(frame),
        }
    }

    fn unpack(&mut self, bytes: u32, block: &[u8]) -> Result<Taken, Closed> {
        let whole = packing::unpack(bytes, block, self.net.config.whole_bytes_max());
        let whole = whole.ok_or(ProtocolError::Malformed("Packed"))?;
        match Frame::parse(&whole)? {
            frame if frame.is_data() => self.carry_out(frame),
            other => Err(ProtocolError::OutOfPlace(other.name()).into()),
        }
    }

    fn carry_out(&mut self, frame: Frame<'_>) -> Result<Taken, Closed> {
        match frame {
            Frame::Tell { to, body } => self.message(to, body.0, None),
            Frame::Ask {
                to,
                call,
                deadline_millis,
                body,
            } => {
                let begun = self.conversation.session().their_calls.begin_as(call, None);
                begun.map_err(|_| Closed::Ended(Goodbye::Limit))?;
                let deadline = deadline_millis.map(|left| now() + Duration::from_millis(left.into()));
                self.message(to, body.0, Some(Asked { call, deadline }))
            }
            other => self.carry_out_other(other).map(|()| Taken::Done),
        }
    }

    fn carry_out_other(&mut self, frame: Frame<'_>) -> Result<(), Closed> {
        match frame {
            Frame::Answer { call, body } => {
                let asked = self.conversation.session().calls.settle(call);
                if let Some((asker, _)) = asked {
                    asker.answer(&self.peer, &self.conversation.terms, body.0);
                }
                self.handed_on += 1;
                Ok(())
            }
            Frame::Unanswered { call, code, words } => {
                let asked = self.conversation.session().calls.settle(call);
                if let Some((asker, _)) = asked {
                    asker.refuse(fate_of(code, words));
                }
                Ok(())
            }
            Frame::Cancel { call } => {
                let line = self.conversation.session().their_calls.settle(call);
                if let Some(Some(line)) = line {
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
            Frame::Link { link, to, path } => self.link(link, to, path),
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

    fn message(&mut self, to: ExportId, body: &[u8], asked: Option<Asked>) -> Result<Taken, Closed> {
        self.handed_on += 1;
        if self.run.as_ref().is_none_or(|run| run.to != to) {
            self.pause();
            let Some(export) = self.net.exports.get(to) else {
                tracing::debug!(peer = %self.far.id, export = ?to, "a message for an actor that is not there any more");
                self.unanswered(asked, Unanswered::NoExport, "");
                // Nothing is given back to its window, which goes with it.
                return Ok(Taken::Done);
            };
            self.run = Some(Run { to, export, cost: 0 });
        }
        let Some(run) = &mut self.run else {
            return Ok(Taken::Done);
        };
        let terms = &self.conversation.terms;
        match run.export.exported.deliver(to, &self.peer, terms, body, asked) {
            Delivery::Done => run.cost += cost(body.len()),
            Delivery::Held => {
                if self.conversation.received().waits(to, cost(body.len())) > self.waiting_max {
                    return Err(Closed::Ended(Goodbye::Limit));
                }
                return Ok(Taken::Held);
            }
            Delivery::NotUnderstood(why) => {
                run.cost += cost(body.len());
                let path = run.export.exported.path();
                tracing::warn!(peer = %self.far.id, %path, why, "a message that its actor does not understand");
                self.unanswered(asked, Unanswered::Undecodable, &why);
            }
        }
        Ok(Taken::Done)
    }

    /// Nothing more has come for now: what was taken is noted, to be given back.
    pub(super) fn pause(&mut self) {
        if let Some(run) = self.run.take() {
            let worth = self.net.credit_worth();
            self.conversation.received().credit(run.to, run.cost, worth);
        }
    }

    /// Answers a question that never reached its actor, unless its reply port has done so.
    fn unanswered(&self, asked: Option<Asked>, code: Unanswered, words: &str) {
        if let Some(Asked { call, .. }) = asked
            && self.conversation.session().their_calls.settle(call).is_some()
        {
            self.conversation.control(&Frame::Unanswered { call, code, words });
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
