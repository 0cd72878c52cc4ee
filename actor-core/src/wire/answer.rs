//! The way of an answer to an asker at another node, and the wire form of a reply port.

use std::marker::PhantomData;
use std::sync::Arc;

use actor_wire::Wire;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::time::Instant;

use crate::ask::{AnswerRoute, Pending, Reply, Way};
use crate::error::AskError;
use crate::peer::{self, Asker, Line, Parcel, Peer, Terms};
use crate::question::{Away, Question};
use crate::sync::atomic::{AtomicBool, Ordering};

use super::decode;
use super::route::with_scratch;

/// The way back to an asker at another node.
struct Remote<T> {
    line: Arc<Line>,
    /// The port was sent on to a third node: what becomes of it here means nothing from then on.
    gone_on: AtomicBool,
    answer: PhantomData<fn(T)>,
}

/// The same as a question, without the type of its answer.
pub(super) struct OfLine(pub(super) Arc<Line>);

impl Question for OfLine {
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    fn is_awaited(&self) -> bool {
        self.0.is_open()
    }

    fn refuse(&self, why: AskError) {
        self.0.answer(Err(why));
    }
}

impl<T> Question for Remote<T> {
    fn deadline(&self) -> Option<Instant> {
        self.line.deadline()
    }

    fn is_awaited(&self) -> bool {
        self.line.is_open() && !self.gone_on.load(Ordering::Acquire)
    }

    fn refuse(&self, why: AskError) {
        self.line.answer(Err(why));
    }
}

impl<T: Wire> Remote<T> {
    fn send(&self, answer: &T) {
        if !self.line.is_open() {
            return;
        }
        let peer = self.line.peer();
        let Some(terms) = peer.terms() else { return };
        with_scratch(|scratch| {
            let encode = || terms.codec.encode(answer, scratch, terms.body_bytes_max);
            let (encoded, scope) = peer::within(peer.clone(), encode);
            if let Err(why) = encoded {
                peer.unsend(&scope.exports);
                return self.line.answer(Err(AskError::Unsendable(why.to_string())));
            }
            // An answer cannot come back, and neither can the ports in it.
            for (call, asker) in &scope.replies {
                asker.has_gone(peer.clone(), *call);
            }
            self.line.answer(Ok(Parcel {
                session: terms.session,
                body: scratch,
                replies: scope.replies,
                exports: scope.exports,
            }));
        });
    }
}

impl<T: Wire> AnswerRoute<T> for Remote<T> {
    fn answer(&self, answer: T) {
        self.send(&answer);
    }

    fn asker(self: Arc<Self>) -> Arc<dyn Asker> {
        self
    }
}

/// An asker at one node whose question was sent on, through this one, to a third.
impl<T: Wire> Asker for Remote<T> {
    fn answer(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]) {
        match read::<T>(peer, terms, body) {
            Ok(answer) => self.send(&answer),
            Err(why) => self.line.answer(Err(why)),
        }
    }

    fn refuse(&self, why: AskError) {
        self.line.answer(Err(why));
    }

    fn is_awaited(&self) -> bool {
        self.line.is_open()
    }

    fn has_gone(&self, _to: Arc<dyn Peer>, _call: u64) {
        self.gone_on.store(true, Ordering::Release);
    }
}

/// An asker of this process, whose answer comes from another node.
impl<T: Wire> Asker for Pending<T> {
    fn answer(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]) {
        self.put(read(peer, terms, body));
    }

    fn refuse(&self, why: AskError) {
        self.put(Err(why));
    }

    fn is_awaited(&self) -> bool {
        Question::is_awaited(self)
    }

    fn has_gone(&self, to: Arc<dyn Peer>, call: u64) {
        self.leaves(Away { to, call });
    }
}

/// Reads an answer that came from `peer`.
fn read<T: Wire>(peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]) -> Result<T, AskError> {
    let (read, scope) = peer::within(peer.clone(), || decode::<T>(terms, body));
    let read = read.map_err(AskError::NotUnderstood);
    for line in &scope.lines {
        line.open();
        if let Err(why) = &read {
            line.answer(Err(why.clone()));
        }
    }
    read
}

impl<T: Wire> Serialize for Reply<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let asker: Arc<dyn Asker> = match self.way() {
            Some(Way::Here(pending)) => pending.clone(),
            Some(Way::Routed(route)) => route.clone().asker(),
            None => return Err(S::Error::custom("a reply port that was used has no wire form")),
        };
        let call = peer::with(|scope| {
            let call = scope.peer.next_call();
            scope.replies.push((call, asker));
            call
        });
        call.ok_or_else(|| S::Error::custom("a reply port has a wire form only in a message to another node"))?
            .serialize(serializer)
    }
}

impl<'de, T: Wire> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let call = u64::deserialize(deserializer)?;
        let line = peer::with(|scope| {
            let line = scope.peer.clone().line(call)?;
            scope.lines.push(line.clone());
            Ok(line)
        });
        let line = line
            .ok_or_else(|| D::Error::custom("a reply port has a wire form only in a message from another node"))?
            .map_err(|why: String| D::Error::custom(why))?;
        Ok(Reply::routed(Arc::new(Remote {
            line,
            gone_on: AtomicBool::new(false),
            answer: PhantomData,
        })))
    }
}
