//! Names that one actor of a whole network has: claimed anywhere, found from everywhere.
//!
//! ```
//! use actor_core::prelude::*;
//! use actor_net::names::{Names, NamesConfig};
//! use actor_net::transport::MemoryNetwork;
//! use actor_net::{Node, Security};
//! # struct Greeter;
//! # impl Actor for Greeter {
//! #     type Msg = String;
//! #     async fn handle(&mut self, _msg: String, _ctx: &mut Context<String>) -> ActorResult { Ok(()) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ActorResult {
//! # let network = MemoryNetwork::new();
//! # let system = System::new("chat");
//! # let security = Security::memory(network.transport("a"), None);
//! # let node = Node::builder(&system).name("a").security(security).start().await?;
//!
//! let names = Names::open(&node, NamesConfig::default())?;
//! let greeter = system.spawn("greeter", || Greeter)?;
//! let claim = names.claim("ann", &greeter).await?;
//! assert!(names.claim("ann", &greeter).await.is_err());
//!
//! let ann = names.lookup::<String>("ann").await?;
//! ann.tell("hello".to_owned()).await?;
//!
//! drop(claim);
//! assert_eq!(names.holder("ann"), None);
//! # Ok(())
//! # }
//! ```

mod claims;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use actor_core::Handle;
use actor_wire::Wire;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::courier::{self, Shared};
use crate::error::{Closed, ExposeError, LookupError};
use crate::id::NodeId;
use crate::node::{Node, named};
use crate::remote::exports::Protocol;
use crate::remote::lookup;
use crate::remote::net::Net;
use crate::share::{Dot, Exchange, Timing};

use claims::{Claims, Told};

/// What the names of a node are exposed as.
const NAME: &str = "~names";

/// The longest name that can be claimed, in bytes.
pub const CLAIM_BYTES_MAX: usize = 255;

/// How long names wait, a day at most, and how many there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamesConfig {
    /// How long the names of a node are kept for it that was lost without a word. Default 5 s. Those of one that leaves are free at once.
    pub grace: Duration,
    /// How long a claim waits until all nodes that can be reached know of it. Default 2 s. Beyond it the claim stands, and may be lost to an
    /// earlier one that was not heard of.
    pub confirm_within: Duration,
    /// How often each node is told how far this one has come. Default 15 s. It mends what no connection should lose.
    pub resync: Duration,
    /// How many names one other node may hold. Default 1,048,576. One that has more is not listened to any longer.
    pub names_max: usize,
}

impl Default for NamesConfig {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            confirm_within: Duration::from_secs(2),
            resync: Duration::from_secs(15),
            names_max: 1 << 20,
        }
    }
}

/// Why a name was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimError {
    /// An actor at this node has it.
    Taken(NodeId),
    /// It is longer than [`CLAIM_BYTES_MAX`].
    TooLong,
    /// This node has left the network.
    Left,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClaimError::Taken(by) => write!(f, "the name is taken, at {by}"),
            ClaimError::TooLong => write!(f, "a name has {CLAIM_BYTES_MAX} bytes at most"),
            ClaimError::Left => f.write_str("this node has left the network"),
        }
    }
}

impl std::error::Error for ClaimError {}

/// That a name which was held is another's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameLost {
    /// The name.
    pub name: Arc<str>,
    /// The node of the one who has it.
    pub to: NodeId,
}

/// The names of all nodes that have opened them.
///
/// A name that was [claimed](Self::claim) is one actor's among all nodes that can be reached. Nodes that cannot be reached may give it to
/// another; when they can again, the earlier claim stays, at every node, and the other one is [told](Claim::lost). So a name has one
/// holder *in the end*: for what must never have two at any time, this is not enough.
#[derive(Clone)]
pub struct Names(Arc<Inner>);

struct Inner {
    net: Weak<Net>,
    shared: Arc<Shared<Claims>>,
    held: Arc<Mutex<Held>>,
    confirm_within: Duration,
}

/// The claims that this node holds.
#[derive(Default)]
struct Held {
    claims: BTreeMap<Dot, (Arc<str>, watch::Sender<Standing>)>,
    /// What each name is exposed for.
    exposed: HashMap<Arc<str>, Dot>,
}

/// How things are with a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    Made,
    Confirmed,
    LostTo(NodeId),
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // Nothing of a user's runs under it.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

fn exposed_as(name: &str) -> String {
    format!("~name/{name}")
}

impl Held {
    /// Takes a claim out. Returns its sender, if it was there.
    fn take(&mut self, net: &Weak<Net>, dot: Dot) -> Option<watch::Sender<Standing>> {
        let (name, standing) = self.claims.remove(&dot)?;
        if self.exposed.get(&name) == Some(&dot) {
            self.exposed.remove(&name);
            if let Some(net) = net.upgrade() {
                net.exports.conceal(&exposed_as(&name));
            }
        }
        Some(standing)
    }
}

impl Names {
    /// Has this node take part in the names that nodes share.
    ///
    /// # Errors
    /// It does already: clone that one.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(node: &Node, config: NamesConfig) -> Result<Self, ExposeError> {
        node.net().services.add(NAME, || Self::begin(node, config))
    }

    /// Those that this node takes part in; it does from now on, if it did not.
    pub(crate) fn of(node: &Node, config: NamesConfig) -> Self {
        let known = node.net().services.get_or_add(NAME, || Self::begin(node, config));
        known.expect("nothing else has that name")
    }

    fn begin(node: &Node, config: NamesConfig) -> Self {
        let timing = Timing {
            grace: config.grace,
            resync: config.resync,
            entries_max: config.names_max,
            is_acknowledged: true,
            outlive_their_node: false,
        };
        let shared = Shared::new(Claims::new(Exchange::new(node.id().clone(), timing)));
        let net = Arc::downgrade(node.net());
        let held = Arc::<Mutex<Held>>::default();
        let (of, known) = (net.clone(), held.clone());
        let after = move |shared: &Shared<Claims>| {
            loop {
                let told = shared.read().next_told();
                match told {
                    None => return,
                    Some(Told::Confirmed(dot)) => {
                        if let Some((_, standing)) = lock(&known).claims.get(&dot) {
                            standing.send_replace(Standing::Confirmed);
                        }
                    }
                    Some(Told::Lost(dot, to)) => {
                        let standing = lock(&known).take(&of, dot);
                        standing.map(|standing| standing.send_replace(Standing::LostTo(to)));
                    }
                }
            }
        };
        courier::start(node.net(), NAME, &shared, Arc::new(after));
        let confirm_within = config.confirm_within;
        Self(Arc::new(Inner {
            net,
            shared,
            held,
            confirm_within,
        }))
    }

    /// Gives the actor a name, for as long as what it returns is held, or until it is [lost](Claim::lost).
    ///
    /// Waits until all nodes that can be reached know of it, or for `confirm_within`.
    ///
    /// # Errors
    /// Another has it, or has claimed it earlier; or it cannot be a name.
    ///
    /// # Cancel safety
    /// Dropping the future gives the name up.
    pub async fn claim<M: Wire>(&self, name: &str, handle: &Handle<M>) -> Result<Claim, ClaimError> {
        if name.len() > CLAIM_BYTES_MAX {
            return Err(ClaimError::TooLong);
        }
        let net = self
            .0
            .net
            .upgrade()
            .filter(|net| !net.is_leaving())
            .ok_or(ClaimError::Left)?;
        let wall = net.wall_nanos();
        let (sender, mut standing) = watch::channel(Standing::Made);
        let text: Arc<str> = name.into();
        let dot = self.0.shared.change(|claims, _| {
            let dot = claims.claim(name, wall).map_err(ClaimError::Taken)?;
            // Before anybody hears of it.
            let mut held = lock(&self.0.held);
            held.claims.insert(dot, (text.clone(), sender));
            held.exposed.insert(text.clone(), dot);
            net.exports.conceal(&exposed_as(name));
            let _ = net
                .exports
                .expose(&exposed_as(name), named(handle, Protocol::of::<M>()), false);
            Ok(dot)
        })?;
        drop(net);
        let claim = Claim {
            of: self.0.clone(),
            name: text,
            dot,
            standing: standing.clone(),
        };
        let is_decided = standing.wait_for(|standing| *standing != Standing::Made);
        match timeout(self.0.confirm_within, is_decided).await {
            Ok(Ok(standing)) => match &*standing {
                Standing::LostTo(to) => Err(ClaimError::Taken(to.clone())),
                _ => Ok(claim),
            },
            // Nobody said anything to the contrary.
            Ok(Err(_)) | Err(_) => Ok(claim),
        }
    }

    /// The node of the actor that has this name.
    pub fn holder(&self, name: &str) -> Option<NodeId> {
        self.0.shared.read().holder(name).cloned()
    }

    /// The actor that has this name, wherever it is.
    ///
    /// # Errors
    /// Nobody has it, its node cannot be reached, or the actor takes other messages.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind but a connection.
    pub async fn lookup<M: Wire>(&self, name: &str) -> Result<Handle<M>, LookupError> {
        let holder = self.holder(name).ok_or(LookupError::NotFound)?;
        let left = || LookupError::Unreachable(Closed::Lost("this node has left".to_owned()));
        let net = self.0.net.upgrade().ok_or_else(left)?;
        lookup::at(&net, &holder.name, &exposed_as(name), &Protocol::of::<M>()).await
    }

    /// How many names are held, at all nodes.
    pub fn len(&self) -> usize {
        self.0.shared.read().len()
    }

    /// Whether no name is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({} held)", self.len())
    }
}

/// A name that is held. Dropped, it is given up.
#[must_use = "dropped, the name is given up"]
pub struct Claim {
    of: Arc<Inner>,
    name: Arc<str>,
    dot: Dot,
    standing: watch::Receiver<Standing>,
}

impl Claim {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Resolves when the name is another's: somebody had claimed it earlier, at a node that could not be reached. An actor that
    /// [attaches](actor_core::Context::attach) this is told by a message.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub fn lost(&self) -> impl Future<Output = NameLost> + Send + use<> {
        let (name, mut standing) = (self.name.clone(), self.standing.clone());
        async move {
            loop {
                if let Standing::LostTo(to) = &*standing.borrow_and_update() {
                    let to = to.clone();
                    return NameLost { name, to };
                }
                if standing.changed().await.is_err() {
                    // It was given up.
                    return std::future::pending().await;
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let standing = lock(&self.of.held).take(&self.of.net, self.dot);
        if standing.is_some() {
            self.of.shared.change(|claims, _| claims.release(self.dot));
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claim({})", self.name)
    }
}
