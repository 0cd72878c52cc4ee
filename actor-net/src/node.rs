//! A system of actors joined to a network: the only way in.

#[cfg(feature = "metrics")]
mod metrics;
mod peers;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actor_core::wire::{self, Propagator};
use actor_core::{Actor, ChildSpec, Handle, System};
use actor_wire::{Codec, Limits, Wire};
use tokio::net::UdpSocket;
use tokio::sync::broadcast;

use crate::config::NetConfig;
use crate::error::{Closed, ExposeError, LookupError, StartError};
use crate::id::{Ids, NodeId, NodeName};
use crate::peer::handshake::Local;
use crate::remote::conversation::Stage;
use crate::remote::datagrams::{self, DatagramCounts, Datagrams};
use crate::remote::driver;
use crate::remote::exports::{Named, Protocol};
use crate::remote::holdings::Holdings;
use crate::remote::lookup::{self, Kind, Start, fingerprint_of};
use crate::remote::net::{Net, NodeEvent, Parts};
use crate::security::{Choice, Security};
use crate::transport::{Tcp, Transport};
use crate::wire::protocol::{DATAGRAMS, Frame, MEMBERS, PACKED, TRACED};
use crate::wire::{EXPOSED_BYTES_MAX, Rest};

pub use peers::PeerInfo;

/// How long a node that leaves waits for its last words to be written.
const LEAVE: Duration = Duration::from_secs(5);

/// A node to be. Made by [`Node::builder`].
#[must_use = "a builder starts nothing"]
pub struct NodeBuilder {
    system: System,
    name: String,
    cluster: String,
    listen: Option<String>,
    security: Option<Security>,
    peers: Vec<(String, String)>,
    config: NetConfig,
    codec: Codec,
    seed: Option<u64>,
    datagrams: bool,
    propagator: Option<Arc<dyn Propagator>>,
}

impl NodeBuilder {
    /// What it is called, in every life: letters, digits, `-`, `_` and `.`, 63 of them at most. It is to be different for each node.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The cluster that it belongs to: nodes of another one are refused. None by default.
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = cluster.into();
        self
    }

    /// Where it takes connections, as `host:port`; port 0 lets the system choose. Without this it only makes them.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// How peers prove who they are. It has to be chosen.
    pub fn security(mut self, security: Security) -> Self {
        self.security = Some(security);
        self
    }

    /// Has packets of the [membership](crate::Cluster) go as datagrams (UDP) between this node and all others that have chosen it, too. They come to the
    /// port on which this node listens, are authenticated by what the two nodes proved to each other when they connected, are not encrypted, and
    /// are each taken once. Where none comes through, packets go over the connection, as without this.
    ///
    /// Members that watch each other need no connection then: it is for large clusters.
    pub fn datagrams(mut self) -> Self {
        self.datagrams = true;
        self
    }

    /// Where another node is found. A connection is made when it is needed.
    pub fn peer(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.peers.push((name.into(), address.into()));
        self
    }

    /// Every bound and time-out of the network.
    pub fn config(mut self, config: NetConfig) -> Self {
        self.config = config;
        self
    }

    /// The codec for what this node sends where it makes the connection; bincode by default. It takes both.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Makes its chance repeatable: its ids, and the jitter of its waits. For tests over a
    /// [`MemoryNetwork`](crate::transport::MemoryNetwork) alone: such ids could be guessed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Tells other nodes which trace a message is part of, as W3C Trace Context, and has what comes of theirs be part of it; by what knows
    /// the traces of spans here. Without this, and with nodes that have none, messages go and come without their traces.
    ///
    /// Every node that it is connected with is told: a trace is good for anybody who reads of it, and says when and how much is done.
    #[cfg(feature = "traces")]
    pub fn propagator(mut self, propagator: impl Propagator) -> Self {
        self.propagator = Some(Arc::new(propagator));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// A setting makes no sense, or the address cannot be had.
    ///
    /// # Cancel safety
    /// Dropping the future starts nothing.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its clock and its I/O.
    pub async fn start(self) -> Result<Node, StartError> {
        let name = node_name(&self.name)?;
        self.config
            .check()
            .map_err(|why| StartError::Setting(why.to_string()))?;
        if self.seed.is_some()
            && !matches!(
                self.security,
                Some(Security {
                    transport: Choice::Memory(_),
                    ..
                })
            )
        {
            let words = "a seed is for tests over a memory network: what lets others reach actors could be guessed";
            return Err(StartError::Setting(words.to_owned()));
        }
        let Some(Security { proof, transport }) = self.security else {
            let words = "say how peers prove who they are: `.security(Security::tls(…))`, or `Security::insecure()`";
            return Err(StartError::Setting(words.to_owned()));
        };
        let mut addresses = HashMap::new();
        for (peer, address) in self.peers {
            addresses.insert(node_name(&peer)?, address);
        }
        let transport: Arc<dyn Transport> = match transport {
            Choice::Given(transport) => transport,
            Choice::Memory(transport) => Arc::new(transport),
            Choice::Tcp => Arc::new(Tcp::new(self.config.heartbeat_timeout)),
            Choice::Loopback => {
                tracing::warn!(node = %name, "insecure: whoever reaches this machine's loopback is taken for any node");
                Arc::new(Tcp::loopback_only(self.config.heartbeat_timeout))
            }
        };
        let listener = match &self.listen {
            None => None,
            Some(address) => {
                let listening = transport.listen(address).await;
                Some(listening.map_err(|why| StartError::Listen {
                    address: address.clone(),
                    why,
                })?)
            }
        };
        let datagrams = match &listener {
            _ if !self.datagrams => None,
            Some(listener) => {
                let at = listener.address();
                let socket = UdpSocket::bind(&at).await;
                let socket = socket.map_err(|why| StartError::Listen { address: at, why })?;
                Some(Datagrams::new(socket, self.config.peers_max))
            }
            None => {
                let words = "datagrams come to the port on which a node listens: say `.listen(…)`, too";
                return Err(StartError::Setting(words.to_owned()));
            }
        };
        let ids = self.seed.map_or(Ids::Secret, Ids::seeded);
        let id = NodeId {
            name,
            incarnation: ids.incarnation(),
        };
        let others = Codec::ALL.into_iter().filter(|&codec| codec != self.codec);
        let codecs = std::iter::once(self.codec).chain(others).map(Codec::id).collect();
        let local = Local {
            id: id.clone(),
            cluster: self.cluster,
            features: PACKED
                | MEMBERS
                | if self.datagrams { DATAGRAMS } else { 0 }
                | if self.propagator.is_some() { TRACED } else { 0 },
            versions: Local::VERSIONS,
            codecs,
            frame_bytes_max: bounded(self.config.frame_bytes_max()),
            message_bytes_max: bounded(self.config.message_bytes_max),
            window_bytes: self.config.window_bytes,
        };
        let net = Net::new(Parts {
            system: self.system,
            id,
            config: self.config,
            local,
            proof,
            transport,
            addresses,
            ids,
            seed: self.seed,
            datagrams,
            propagator: self.propagator,
        });
        if net.packets.datagrams().is_some() {
            net.spawn(datagrams::read(net.clone()));
        }
        let address = listener.as_ref().map(|listener| listener.address());
        if let Some(listener) = listener {
            net.spawn(driver::listen(net.clone(), listener));
        }
        Ok(Node(Arc::new(Running { net, address })))
    }
}

fn bounded(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

fn node_name(name: &str) -> Result<NodeName, StartError> {
    NodeName::new(name).ok_or_else(|| {
        let words = "name a node by letters, digits, '-', '_' and '.', at most 63 of them";
        StartError::Setting(format!("'{name}' is no name of a node: {words}"))
    })
}

/// A system of actors joined to a network.
///
/// What is [exposed](Node::expose) here can be [looked up](Node::lookup) elsewhere, and is a [`Handle`] there as it is here. Connections are made when they are
/// needed, and made again when they are lost. Dropping the last clone of a node ends its connections without a word.
#[derive(Clone)]
pub struct Node(Arc<Running>);

struct Running {
    net: Arc<Net>,
    address: Option<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.net.abort();
    }
}

impl Node {
    /// Begins with the defaults. A name and a [`Security`] have to be chosen.
    pub fn builder(system: &System) -> NodeBuilder {
        NodeBuilder {
            system: system.clone(),
            name: String::new(),
            cluster: String::new(),
            listen: None,
            security: None,
            peers: Vec::new(),
            config: NetConfig::default(),
            codec: Codec::default(),
            seed: None,
            datagrams: false,
            propagator: None,
        }
    }

    /// Its name, and which life of it this is.
    pub fn id(&self) -> &NodeId {
        &self.0.net.id
    }

    pub(crate) fn net(&self) -> &Arc<Net> {
        &self.0.net
    }

    /// Where it takes connections, if it does.
    pub fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// Lets other nodes find an actor by this name, for as long as it lives. Its protocol is named by its message type.
    ///
    /// # Errors
    /// The name is taken, begins with `~`, or is longer than [`EXPOSED_BYTES_MAX`].
    pub fn expose<M: Wire>(&self, name: &str, handle: &Handle<M>) -> Result<(), ExposeError> {
        self.expose_as(name, handle, Protocol::of::<M>())
    }

    /// The same, with a protocol that is named and versioned by hand.
    ///
    /// # Errors
    /// As for [`expose`](Self::expose).
    pub fn expose_as<M: Wire>(&self, name: &str, handle: &Handle<M>, protocol: Protocol) -> Result<(), ExposeError> {
        self.expose_named(name, named(handle, protocol), false)
    }

    /// The same as [`expose`](Self::expose); others may stop, drain and kill the actor, and link their own to it, too.
    ///
    /// # Errors
    /// As for [`expose`](Self::expose).
    pub fn expose_with_orders<M: Wire>(&self, name: &str, handle: &Handle<M>) -> Result<(), ExposeError> {
        let named = named(handle, Protocol::of::<M>());
        self.expose_named(name, named, true)
    }

    fn expose_named(&self, name: &str, named: Named, may_be_ordered: bool) -> Result<(), ExposeError> {
        if name.starts_with('~') {
            return Err(ExposeError::Reserved(name.to_owned()));
        }
        if name.len() > EXPOSED_BYTES_MAX {
            return Err(ExposeError::TooLong);
        }
        self.0.net.exports.expose(name, named, may_be_ordered)
    }

    /// Takes a name away again. Handles that others have stay good. Returns whether there was such a name.
    pub fn conceal(&self, name: &str) -> bool {
        !name.starts_with('~') && self.0.net.exports.conceal(name)
    }

    /// The handle of what is exposed at another node, as in `lobby@b`. Makes the connection if there is none. What this very
    /// node exposes is found without one, and its handle is the one that was exposed.
    ///
    /// # Errors
    /// The node cannot be reached, there is no such name, or it means another protocol, version or shape.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind but the connection.
    pub async fn lookup<M: Wire>(&self, name: &str) -> Result<Handle<M>, LookupError> {
        self.lookup_as(name, Protocol::of::<M>()).await
    }

    /// The same, for a protocol that was named and versioned by hand.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup).
    ///
    /// # Cancel safety
    /// As for [`lookup`](Self::lookup).
    pub async fn lookup_as<M: Wire>(&self, name: &str, protocol: Protocol) -> Result<Handle<M>, LookupError> {
        let (local, node) = parted(name)?;
        lookup::at(&self.0.net, &node, local, &protocol).await
    }

    /// Lets other nodes [start](Self::start_at) actors of this kind here, as children of the system. `make` says how from the arguments;
    /// actors are named by it, and a name that is taken is an error to the one who asks.
    ///
    /// # Errors
    /// The name of the kind is taken, or longer than [`EXPOSED_BYTES_MAX`].
    pub fn register_kind<Args, A, F>(&self, kind: &str, make: F) -> Result<(), ExposeError>
    where
        Args: Wire,
        A: Actor,
        A::Msg: Wire,
        F: Fn(Args) -> ChildSpec<A> + Send + Sync + 'static,
    {
        self.add_kind(kind, make, false)
    }

    /// The same; other nodes may stop, drain and kill its actors, and link their own to them, too.
    ///
    /// # Errors
    /// The name of the kind is taken, or longer than [`EXPOSED_BYTES_MAX`].
    pub fn register_kind_with_orders<Args, A, F>(&self, kind: &str, make: F) -> Result<(), ExposeError>
    where
        Args: Wire,
        A: Actor,
        A::Msg: Wire,
        F: Fn(Args) -> ChildSpec<A> + Send + Sync + 'static,
    {
        self.add_kind(kind, make, true)
    }

    fn add_kind<Args, A, F>(&self, kind: &str, make: F, may_be_ordered: bool) -> Result<(), ExposeError>
    where
        Args: Wire,
        A: Actor,
        A::Msg: Wire,
        F: Fn(Args) -> ChildSpec<A> + Send + Sync + 'static,
    {
        if kind.len() > EXPOSED_BYTES_MAX {
            return Err(ExposeError::TooLong);
        }
        let system = self.0.net.system.clone();
        let limits = Limits {
            depth_max: self.0.net.config.depth_max,
        };
        let make = Arc::new(make);
        let start = move |args: &[u8], codec: Codec| -> Result<Start, String> {
            let args = codec.decode::<Args>(args, &limits).map_err(|why| why.to_string())?;
            let (system, make) = (system.clone(), make.clone());
            Ok(Box::pin(async move {
                let started = system.start(make(args)).await;
                started
                    .map(|handle| wire::exported(&handle))
                    .map_err(|why| why.to_string())
            }))
        };
        let added = self.0.net.add_kind(
            kind,
            Kind {
                protocol: Protocol::of::<A::Msg>(),
                fingerprint: fingerprint_of::<A::Msg>(),
                may_be_ordered,
                start: Box::new(start),
            },
        );
        added
            .then_some(())
            .ok_or_else(|| ExposeError::NameTaken(kind.to_owned()))
    }

    /// Starts an actor of a kind that another node registered, as in `worker@b`, and gives its handle when it has started.
    ///
    /// # Errors
    /// As for [`lookup`](Self::lookup); or it could not be started.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the actor started.
    pub async fn start_at<M: Wire, Args: Wire>(&self, kind: &str, args: &Args) -> Result<Handle<M>, LookupError> {
        let (local, node) = parted(kind)?;
        if node == self.0.net.id.name {
            return lookup::start_here(&self.0.net, local, args).await;
        }
        let protocol = Protocol::of::<M>();
        let fingerprint = fingerprint_of::<M>().hash();
        let spawn = |request, terms: &wire::Terms, send: &dyn Fn(&Frame<'_>)| {
            let mut bytes = Vec::new();
            let args = terms.codec.encode(args, &mut bytes, terms.body_bytes_max);
            args.map_err(|why| LookupError::Unsendable(why.to_string()))?;
            let frame = Frame::Spawn {
                request,
                kind: local,
                protocol: &protocol.name,
                version: protocol.version,
                fingerprint,
                codec: terms.codec.id(),
                args: Rest(&bytes),
            };
            send(&frame);
            Ok(())
        };
        lookup::request(&self.0.net, &node, spawn).await
    }

    /// Makes a connection to a node, unless there is one; `address` is remembered for it.
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection being made.
    pub async fn connect(&self, name: &str, address: Option<&str>) -> Result<NodeId, Closed> {
        let name = NodeName::new(name).ok_or_else(|| Closed::Lost(format!("'{name}' is no name of a node")))?;
        if let Some(address) = address {
            self.0.net.set_address(name.clone(), address.to_owned());
        }
        Ok(self.0.net.connect(&name).await?.id.clone())
    }

    /// How much is kept for the sake of others.
    pub fn holdings(&self) -> Holdings {
        self.0.net.holdings()
    }

    /// How many datagrams came and went. `None`: it has not chosen [any](NodeBuilder::datagrams).
    pub fn datagrams(&self) -> Option<DatagramCounts> {
        self.0.net.packets.datagrams().map(Datagrams::counts)
    }

    /// Connections that begin and end, from now on. One who does not listen for long misses the oldest, and is told how many.
    pub fn events(&self) -> broadcast::Receiver<NodeEvent> {
        self.0.net.events.subscribe()
    }

    /// Leaves the network: says so to every peer, writes what waits, and ends all connections. The actors live on.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the rest to be cut off when the node is dropped.
    pub async fn leave(&self) {
        let leaving = self.0.net.leave();
        let all_gone = async {
            for conversation in &leaving {
                conversation.until(Stage::Gone).await;
            }
        };
        let _ = tokio::time::timeout(LEAVE, all_gone).await;
        self.0.net.abort();
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.id())
    }
}

pub(crate) fn named<M: Wire>(handle: &Handle<M>, protocol: Protocol) -> Named {
    Named {
        exported: wire::exported(handle),
        protocol,
        fingerprint: fingerprint_of::<M>(),
    }
}

/// `lobby@b` as what it says.
fn parted(name: &str) -> Result<(&str, NodeName), LookupError> {
    let bad = || LookupError::BadName(name.to_owned());
    let (local, node) = name.rsplit_once('@').ok_or_else(bad)?;
    if local.len() > EXPOSED_BYTES_MAX {
        return Err(bad());
    }
    Ok((local, NodeName::new(node).ok_or_else(bad)?))
}
