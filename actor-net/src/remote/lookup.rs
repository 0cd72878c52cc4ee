//! Finding and starting actors for other nodes: whether both sides mean the same.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::wire::{Exported, Peer};
use actor_wire::{Codec, Fingerprint, Wire};

use crate::wire::HandleRef;
use crate::wire::codes::NotFound;
use crate::wire::protocol::Frame;

use super::conversation::Conversation;
use super::exports::{Key, Protocol};
use super::net::Net;

/// What the one who asks means.
pub(super) struct Wanted<'a> {
    pub(super) protocol: &'a str,
    pub(super) version: u32,
    pub(super) fingerprint: u64,
    pub(super) codec: u8,
}

type Found = Result<(Arc<dyn Exported>, Key), (NotFound, String)>;

/// The start of one actor for another node.
pub(crate) type Start = Pin<Box<dyn Future<Output = Result<Arc<dyn Exported>, String>> + Send>>;

/// Begins the start of an actor from its arguments, in this codec.
pub(crate) type Starter = dyn Fn(&[u8], Codec) -> Result<Start, String> + Send + Sync;

/// Actors of one kind, which other nodes may start here.
pub(crate) struct Kind {
    pub(crate) protocol: Protocol,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) start: Box<Starter>,
}

/// The shape of a type, which is worth finding out once.
pub(crate) fn fingerprint_of<M: Wire>() -> Fingerprint {
    static KNOWN: Mutex<BTreeMap<TypeId, Fingerprint>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known().get(&TypeId::of::<M>()).copied();
    // Without the lock: it runs code of the type's own.
    found.unwrap_or_else(|| {
        let fingerprint = Fingerprint::of::<M>();
        known().insert(TypeId::of::<M>(), fingerprint);
        fingerprint
    })
}

impl Wanted<'_> {
    fn check(&self, protocol: &Protocol, fingerprint: Fingerprint) -> Result<(), (NotFound, String)> {
        if Codec::from_id(self.codec).is_none() {
            return Err((NotFound::Codec, String::new()));
        }
        if protocol.name != self.protocol {
            return Err((NotFound::Protocol, protocol.name.clone()));
        }
        if protocol.version != self.version {
            return Err((NotFound::Version, protocol.version.to_string()));
        }
        if self.fingerprint != 0 && fingerprint.hash() != self.fingerprint {
            return Err((NotFound::Fingerprint, fingerprint.to_string()));
        }
        Ok(())
    }
}

pub(super) fn find(net: &Net, name: &str, wanted: &Wanted<'_>) -> Found {
    let (named, key) = net.exports.named(name).ok_or((NotFound::Name, String::new()))?;
    wanted.check(&named.protocol, named.fingerprint)?;
    Ok((named.exported, key))
}

/// Answers a look-up or a spawn.
pub(super) fn reply(net: &Net, conversation: &Conversation, request: u64, found: Found) {
    let sent = found.and_then(|(exported, key)| {
        let path = exported.path().to_string();
        let export = net.exports.send_as(conversation.number, exported, key);
        export
            .map(|export| net.address_of(export, &path))
            .map_err(|why| (NotFound::TooMany, why))
    });
    match sent {
        Ok(address) => conversation.control(&Frame::Found {
            request,
            handle: HandleRef {
                owner: &address.node,
                incarnation: net.id.incarnation,
                export: address.export,
                path: &address.path,
            },
        }),
        Err((code, words)) => conversation.control(&Frame::NotFound {
            request,
            code,
            words: &words,
        }),
    }
}

/// Starts an actor for the peer, and answers when it has started.
pub(super) fn spawn(
    net: &Arc<Net>,
    peer: &Arc<dyn Peer>,
    conversation: &Arc<Conversation>,
    request: u64,
    kind: &str,
    wanted: &Wanted<'_>,
    args: &[u8],
) {
    let _ = peer;
    let begun = net.kind(kind).ok_or((NotFound::Kind, String::new())).and_then(|kind| {
        wanted.check(&kind.protocol, kind.fingerprint)?;
        let codec = Codec::from_id(wanted.codec).unwrap_or_default();
        (kind.start)(args, codec).map_err(|why| (NotFound::Start, why))
    });
    match begun {
        Err(why) => reply(net, conversation, request, Err(why)),
        Ok(start) => {
            let (weak, conversation) = (Arc::downgrade(net), conversation.clone());
            net.spawn(async move {
                let started = start.await.map_err(|why| (NotFound::Start, why));
                if let Some(net) = weak.upgrade() {
                    let started = started.map(|exported| {
                        let key = net.exports.key_of(&*exported);
                        (exported, key)
                    });
                    reply(&net, &conversation, request, started);
                }
            });
        }
    }
}
