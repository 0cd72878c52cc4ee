//! The way of an answer to an asker at another node, and the wire form of a reply port.

use std::marker::PhantomData;
use std::sync::Arc;

use actor_wire::{Wire, deserialize_port};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ask::{AnswerRoute, Pending, Reply, Way};
use crate::contain::{contain, discard};
use crate::error::AskError;
use crate::peer::{self, Asker, Line, Parcel, Peer, Terms};
use crate::question::{Away, Question};

use super::decode;

/// The way back to an asker at another node.
impl<T: Wire> AnswerRoute<T> for Line {
    fn answer(&self, answer: T) {
        send(self, &answer);
    }

    fn asker(self: Arc<Self>) -> Arc<dyn Asker> {
        Arc::new(Onward {
            line: self,
            answer: PhantomData::<fn(T)>,
        })
    }
}

fn send<T: Wire>(line: &Line, answer: &T) {
    if !line.is_open() {
        return;
    }
    let peer = line.peer();
    let Some(terms) = peer.terms() else { return };
    let (within, mut bytes) = peer::enter_to_write(peer);
    let encoded = terms.codec.encode(answer, &mut bytes, terms.body_bytes_max);
    let found = within.leave();
    if let Err(why) = encoded {
        peer.unsend(&found.exports);
        return line.answer(Err(AskError::Unsendable(why.to_string())));
    }
    // An answer cannot come back, and neither can the ports in it.
    for (call, asker) in &found.replies {
        asker.has_gone(peer.clone(), *call);
    }
    line.answer(Ok(Parcel {
        session: terms.session,
        body: &mut bytes,
        replies: &found.replies,
        exports: &found.exports,
        // Who asked goes on in the trace in which it asked.
        trace: None,
    }));
    found.keep(bytes);
}

/// An asker at one node whose question was sent on, through this one, to a third.
struct Onward<T> {
    line: Arc<Line>,
    answer: PhantomData<fn(T)>,
}

impl<T: Wire> Asker for Onward<T> {
    fn answer(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]) {
        match read::<T>(peer, terms, body) {
            Ok(answer) => {
                if let Err(panic) = contain(|| send(&self.line, &answer)) {
                    self.line
                        .refuse(AskError::Unsendable(format!("its Serialize panicked: {panic}")));
                }
                discard(answer);
            }
            Err(why) => self.line.refuse(why),
        }
    }

    fn refuse(&self, why: AskError) {
        self.line.answer(Err(why));
    }

    fn is_awaited(&self) -> bool {
        self.line.is_open()
    }

    fn has_gone(&self, _to: Arc<dyn Peer>, _call: u64) {
        self.line.goes_on();
    }
}

/// Leaves it for an asker of this process. Its waker is others' code, and so is what drops an answer that nobody waits for any more: a
/// panic there is no matter of the connection, nor of the others whose answers it brings.
fn hand<T: Wire>(asker: &Pending<T>, answer: Result<T, AskError>) {
    if let Err(panic) = contain(|| asker.put(answer)) {
        tracing::error!(panic, "one who asks another node panicked when the answer came");
    }
}

/// An asker of this process, whose answer comes from another node.
impl<T: Wire> Asker for Pending<T> {
    fn answer(&self, peer: &Arc<dyn Peer>, terms: &Terms, body: &[u8]) {
        hand(self, read(peer, terms, body));
    }

    fn refuse(&self, why: AskError) {
        hand(self, Err(why));
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
    let within = peer::enter(peer);
    let read = decode::<T>(terms, body).map_err(AskError::NotUnderstood);
    let found = within.leave();
    for line in &found.lines {
        line.open();
        if let Err(why) = &read {
            line.answer(Err(why.clone()));
        }
    }
    found.keep(Vec::new());
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
            let call = scope.peer().next_call();
            scope.replies.push((call, asker));
            call
        });
        call.ok_or_else(|| S::Error::custom("a reply port has a wire form only in a message to another node"))?
            .serialize(serializer)
    }
}

impl<'de, T: Wire> Deserialize<'de> for Reply<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |call: u64| {
            let line = peer::with(|scope| scope.line(call));
            let line = line.unwrap_or_else(|| {
                let words = "a reply port has a wire form only in a message from another node";
                Err(words.to_owned())
            })?;
            Ok(Reply::routed(line))
        };
        deserialize_port::<_, _, T, _>(deserializer, read, || Reply::pair().0)
    }
}
