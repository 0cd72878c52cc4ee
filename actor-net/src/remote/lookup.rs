//! Finding and starting actors for other nodes: whether both sides mean the same.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::Handle;
use actor_core::wire::{self, Exported, Peer, Terms};
use actor_wire::{Codec, Fingerprint, Wire};
use tokio::sync::oneshot;

use crate::error::LookupError;
use crate::id::NodeName;
use crate::wire::HandleRef;
use crate::wire::codes::NotFound;
use crate::wire::field::as_it_travels;
use crate::wire::protocol::Frame;

use super::conversation::Conversation;
use super::exports::{Exports, Key, Protocol};
use super::net::Net;

/// What the one who asks means.
pub(super) struct Wanted<'a> {
    pub(super) protocol: &'a str,
    pub(super) version: u32,
    pub(super) fingerprint: u64,
    pub(super) codec: u8,
}

type Found = Result<Reachable, (NotFound, String)>;

/// What is to be sent to the one who asked.
pub(super) struct Reachable {
    exported: Arc<dyn Exported>,
    key: Key,
    /// It may be given orders from now on.
    may_be_ordered: bool,
}

/// The start of one actor for another node.
pub(crate) type Start = Pin<Box<dyn Future<Output = Result<Arc<dyn Exported>, String>> + Send>>;

/// Begins the start of an actor from its arguments, in this codec.
pub(crate) type Starter = dyn Fn(&[u8], Codec) -> Result<Start, String> + Send + Sync;

/// Actors of one kind, which other nodes may start here.
pub(crate) struct Kind {
    pub(crate) protocol: Protocol,
    pub(crate) fingerprint: Fingerprint,
    /// Whether those who start one may stop it.
    pub(crate) may_be_ordered: bool,
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

impl<'a> Wanted<'a> {
    fn here<M: Wire>(protocol: &'a Protocol) -> Self {
        Self {
            protocol: &protocol.name,
            version: protocol.version,
            fingerprint: fingerprint_of::<M>().hash(),
            codec: Codec::default().id(),
        }
    }

    fn check(&self, protocol: &Protocol, fingerprint: Fingerprint) -> Result<(), (NotFound, String)> {
        if Codec::from_id(self.codec).is_none() {
            return Err((NotFound::Codec, String::new()));
        }
        if as_it_travels(&protocol.name) != as_it_travels(self.protocol) {
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
    Ok(Reachable {
        exported: named.exported,
        key,
        // As it was said when it was exposed.
        may_be_ordered: false,
    })
}

/// Answers a look-up or a spawn.
pub(super) fn reply(net: &Net, conversation: &Conversation, request: u64, found: Found) {
    let sent = found.and_then(|found| {
        let path = found.exported.path().to_string();
        let export = net.exports.send_as(conversation.number, found.exported, found.key);
        let export = export.map_err(|why| (NotFound::TooMany, why))?;
        if found.may_be_ordered {
            net.exports.allow_orders(export);
        }
        Ok(net.address_of(export, &path))
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
        let start = (kind.start)(args, codec).map_err(|why| (NotFound::Start, why));
        Ok((start?, kind.may_be_ordered))
    });
    match begun {
        Err(why) => reply(net, conversation, request, Err(why)),
        Ok((start, may_be_ordered)) => {
            let (weak, conversation) = (Arc::downgrade(net), conversation.clone());
            net.spawn(async move {
                let started = start.await.map_err(|why| (NotFound::Start, why));
                if let Some(net) = weak.upgrade() {
                    let started = started.map(|exported| Reachable {
                        key: Exports::key_of(&*exported),
                        exported,
                        may_be_ordered,
                    });
                    reply(&net, &conversation, request, started);
                }
            });
        }
    }
}

/// What is exposed at a node, be it another one or this.
pub(crate) async fn at<M: Wire>(
    net: &Net,
    node: &NodeName,
    name: &str,
    protocol: &Protocol,
) -> Result<Handle<M>, LookupError> {
    if *node == net.id.name {
        return here(net, name, protocol);
    }
    let fingerprint = fingerprint_of::<M>().hash();
    let lookup = |request, terms: &Terms, send: &dyn Fn(&Frame<'_>)| {
        let frame = Frame::Lookup {
            request,
            name,
            protocol: &protocol.name,
            version: protocol.version,
            fingerprint,
            codec: terms.codec.id(),
        };
        send(&frame);
        Ok(())
    };
    request(net, node, lookup).await
}

/// Asks another node for a handle, over a connection that is made if there is none.
pub(crate) async fn request<M: Wire>(
    net: &Net,
    node: &NodeName,
    ask: impl Fn(u64, &Terms, &dyn Fn(&Frame<'_>)) -> Result<(), LookupError>,
) -> Result<Handle<M>, LookupError> {
    loop {
        let far = net.connect(node).await.map_err(LookupError::Unreachable)?;
        let (sender, receiver) = oneshot::channel();
        // A connection that is being closed, as nobody needed it until now, is followed by another.
        if far.request(sender, &ask)? {
            let proxy = receiver.await.unwrap_or(Err(LookupError::NodeDown))?;
            return Ok(wire::handle_to(proxy));
        }
    }
}

/// What is exposed at this very node: the handle itself, as it is.
fn here<M: Wire>(net: &Net, name: &str, protocol: &Protocol) -> Result<Handle<M>, LookupError> {
    let found = find(net, name, &Wanted::here::<M>(protocol)).map_err(|(code, words)| not_found(code, &words))?;
    typed(found.exported)
}

/// Starts an actor of a kind that is registered at this very node.
pub(crate) async fn start_here<M: Wire, Args: Wire>(
    net: &Net,
    kind: &str,
    args: &Args,
) -> Result<Handle<M>, LookupError> {
    let (codec, mut bytes) = (Codec::default(), Vec::new());
    let encoded = codec.encode(args, &mut bytes, net.config.message_bytes_max);
    encoded.map_err(|why| LookupError::Unsendable(why.to_string()))?;
    let kind = net.kind(kind).ok_or(LookupError::NoSuchKind)?;
    let checked = Wanted::here::<M>(&Protocol::of::<M>()).check(&kind.protocol, kind.fingerprint);
    checked.map_err(|(code, words)| not_found(code, &words))?;
    let started = (kind.start)(&bytes, codec).map_err(LookupError::NotStarted)?;
    typed(started.await.map_err(LookupError::NotStarted)?)
}

fn typed<M: Wire>(exported: Arc<dyn Exported>) -> Result<Handle<M>, LookupError> {
    let found = exported.message_type();
    wire::handle_of(exported).ok_or_else(|| LookupError::OtherProtocol(found.to_owned()))
}

/// What an answer of another node means.
pub(super) fn not_found(code: NotFound, words: &str) -> LookupError {
    let words = words.to_owned();
    match code {
        NotFound::Name => LookupError::NotFound,
        NotFound::Protocol => LookupError::OtherProtocol(words),
        NotFound::Version => LookupError::OtherVersion(words),
        NotFound::Fingerprint => LookupError::OtherShape(words),
        NotFound::Codec => LookupError::OtherCodec,
        NotFound::Kind => LookupError::NoSuchKind,
        NotFound::Start => LookupError::NotStarted(words),
        _ => LookupError::TooMany,
    }
}
