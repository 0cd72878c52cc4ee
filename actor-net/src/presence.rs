//! Who is there, at all nodes: keys with their sessions, and a little that is said of each.
//!
//! ```
//! use actor_core::prelude::*;
//! use actor_net::presence::{News, Presence, PresenceConfig};
//! use actor_net::transport::MemoryNetwork;
//! use actor_net::{Node, Security};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ActorResult {
//!
//! let network = MemoryNetwork::new();
//! let system = System::new("chat");
//! let security = Security::memory(network.transport("a"), None);
//! let node = Node::builder(&system).name("a").security(security).start().await?;
//!
//! let users = Presence::<String>::open(&node, "users", PresenceConfig::default())?;
//! let mut news = users.watch();
//! assert!(matches!(news.next().await, News::Everybody { .. }));
//!
//! let laptop = users.track("ann", "at her desk".to_owned())?;
//! let News::Diff(diff) = news.next().await else { panic!("somebody joined") };
//! assert_eq!(&*diff.changes[0].0, "ann");
//!
//! drop(laptop);
//! # Ok(())
//! # }
//! ```

mod roll;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_wire::{Codec, Wire};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::courier::{self, Shared};
use crate::error::ExposeError;
use crate::node::Node;
use crate::share::{Dot, Exchange, Timing};
use crate::wire::EXPOSED_BYTES_MAX;

use roll::Roll;

pub use roll::{Diff, Movement, Session};

/// So many diffs wait for one who listens; who lags behind is told of everybody again.
const DIFFS_MAX: usize = 256;

/// The longest key, in bytes.
pub const KEY_BYTES_MAX: usize = 255;

/// The most that can be said of a session, encoded, in bytes: every node holds it for every session.
pub const META_BYTES_MAX: usize = 4096;

/// What a presence may take, and how long it waits: a day at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceConfig {
    /// How long the sessions of a node stay that was lost without a word. Default 5 s. Within it the connection may come back, or those who
    /// were there at other nodes, and nobody has left. A node that leaves in order is not waited for.
    pub grace: Duration,
    /// How long a key is shown after its last session has ended. Default 1 s. One that comes back by then, at this node or another,
    /// is an update; so who moves does not flicker, and who leaves is told of that much later.
    pub moved_within: Duration,
    /// How often each node is told how far this one has come. Default 15 s. It mends what no connection should lose.
    pub resync: Duration,
    /// How many sessions one other node may have. Default 1,048,576. One that has more is not listened to any longer.
    pub sessions_max: usize,
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            moved_within: Duration::from_secs(1),
            resync: Duration::from_secs(15),
            sessions_max: 1 << 20,
        }
    }
}

/// Who is there, at all nodes that have opened a presence of this name.
///
/// A key stands for somebody (a user), and has a session for each place that they are at (a browser tab), with metadata of its own. Each
/// node says of its own sessions, and knows those of all others; it is eventually consistent, and agrees again after any partition without anybody's
/// doing. What changes comes in the order of each node; a change here is seen here at once.
///
/// It is a delta-state CRDT (P. S. Almeida, A. Shoker, C. Baquero: *Delta state replicated data types*, 2018); what it is to do is taken from
/// Phoenix's Tracker.
pub struct Presence<T: Wire + Sync>(Arc<Inner<T>>);

struct Inner<T: Wire + Sync> {
    shared: Arc<Shared<Roll<T>>>,
    diffs: broadcast::Sender<Arc<Diff<T>>>,
}

/// Why a session is not tracked, or says what it said before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackError {
    /// The key is longer than [`KEY_BYTES_MAX`].
    KeyTooLong,
    /// What is said of the session cannot travel, or is larger than [`META_BYTES_MAX`]; which, in words.
    Meta(String),
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrackError::KeyTooLong => write!(f, "a key has {KEY_BYTES_MAX} bytes at most"),
            TrackError::Meta(why) => write!(f, "the metadata of a session cannot be sent: {why}"),
        }
    }
}

impl std::error::Error for TrackError {}

fn exposed_as(name: &str) -> Result<String, ExposeError> {
    let exposed_as = format!("~presence/{name}");
    if exposed_as.len() > EXPOSED_BYTES_MAX {
        return Err(ExposeError::TooLong);
    }
    Ok(exposed_as)
}

fn check_meta<T: Wire>(meta: &T) -> Result<(), TrackError> {
    let encoded = Codec::default().encode(meta, &mut Vec::new(), META_BYTES_MAX);
    encoded.map_err(|why| TrackError::Meta(why.to_string()))
}

impl<T: Wire + Sync> Presence<T> {
    /// Opens the presence of this name, which the nodes then share that open it.
    ///
    /// # Errors
    /// This node has opened it already: clone that one. Or its name is so long that others could not ask for it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn open(node: &Node, name: &str, config: PresenceConfig) -> Result<Self, ExposeError> {
        let name = exposed_as(name)?;
        node.net().services.add(&name, || Self::begin(node, &name, config))
    }

    /// The one of this name; it is opened, if it was not.
    pub(crate) fn of(node: &Node, name: &str, config: PresenceConfig) -> Result<Self, ExposeError> {
        let name = exposed_as(name)?;
        node.net()
            .services
            .get_or_add(&name, || Self::begin(node, &name, config))
    }

    fn begin(node: &Node, name: &str, config: PresenceConfig) -> Self {
        let timing = Timing {
            grace: config.grace,
            resync: config.resync,
            entries_max: config.sessions_max,
            is_acknowledged: false,
            outlive_their_node: true,
        };
        let exchange = Exchange::new(node.id().clone(), timing);
        let shared = Shared::new(Roll::new(exchange, config.moved_within));
        let diffs = broadcast::Sender::new(DIFFS_MAX);
        let tell = diffs.clone();
        let after = move |shared: &Shared<Roll<T>>| tell_diff(&mut shared.read(), &tell);
        courier::start(node.net(), name, &shared, Arc::new(after));
        Self(Arc::new(Inner { shared, diffs }))
    }

    /// Says that somebody is there, for as long as what it returns is held.
    ///
    /// # Errors
    /// The key is too long, or what is said of the session cannot be sent to other nodes.
    pub fn track(&self, key: &str, meta: T) -> Result<Tracked<T>, TrackError> {
        if key.len() > KEY_BYTES_MAX {
            return Err(TrackError::KeyTooLong);
        }
        check_meta(&meta)?;
        let dot = self.0.shared.change(|roll, _| roll.track(key, meta));
        Ok(Tracked {
            of: self.0.clone(),
            dot: Mutex::new(dot),
        })
    }

    /// The sessions under a key; none, if nobody is there.
    pub fn get(&self, key: &str) -> Vec<Session<T>> {
        self.0.shared.read().get(key)
    }

    /// Whether anybody is there under a key.
    pub fn is_there(&self, key: &str) -> bool {
        self.0.shared.read().is_there(key)
    }

    /// How many keys are there.
    pub fn len(&self) -> usize {
        self.0.shared.read().len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody who is there, in the order of the keys.
    pub fn list(&self) -> Vec<(Arc<str>, Vec<Session<T>>)> {
        self.0.shared.read().list()
    }

    /// Who is there, and what changes from then on.
    pub fn watch(&self) -> Watch<T> {
        Watch {
            of: self.0.clone(),
            diffs: self.0.diffs.subscribe(),
            lacks: true,
            number: 0,
        }
    }
}

impl<T: Wire + Sync> Clone for Presence<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Wire + Sync> fmt::Debug for Presence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presence({} keys)", self.len())
    }
}

/// Tells those who listen what changed; under the lock, so that they are told in the order in which it happened.
fn tell_diff<T: Wire + Sync>(roll: &mut Roll<T>, diffs: &broadcast::Sender<Arc<Diff<T>>>) {
    if let Some(diff) = roll.diff() {
        let _ = diffs.send(Arc::new(diff));
    }
}

/// A session that this node says of. Dropped, it has ended.
#[must_use = "dropped, the session ends"]
pub struct Tracked<T: Wire + Sync> {
    of: Arc<Inner<T>>,
    dot: Mutex<Dot>,
}

impl<T: Wire + Sync> Tracked<T> {
    /// Says something else of the session.
    ///
    /// # Errors
    /// It cannot be sent to other nodes: what was said before stays.
    pub fn update(&self, meta: T) -> Result<(), TrackError> {
        check_meta(&meta)?;
        let mut dot = self.dot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fresh) = self.of.shared.change(|roll, _| roll.update(*dot, meta)) {
            *dot = fresh;
        }
        Ok(())
    }
}

impl<T: Wire + Sync> Drop for Tracked<T> {
    fn drop(&mut self) {
        let dot = *self.dot.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.of.shared.change(|roll, _| roll.untrack(dot));
    }
}

impl<T: Wire + Sync> fmt::Debug for Tracked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tracked")
    }
}

/// What one who watches is told.
#[derive(Clone, Debug)]
pub enum News<T> {
    /// Everybody who is there: the first that is told, and again to one who did not listen for so long that changes were missed.
    Everybody {
        /// The number of the last diff that is in it.
        number: u64,
        /// Each key with its sessions, in the order of the keys.
        list: Vec<(Arc<str>, Vec<Session<T>>)>,
    },
    /// What changed since.
    Diff(Arc<Diff<T>>),
}

/// Who is there, and what changes.
pub struct Watch<T: Wire + Sync> {
    of: Arc<Inner<T>>,
    diffs: broadcast::Receiver<Arc<Diff<T>>>,
    lacks: bool,
    number: u64,
}

impl<T: Wire + Sync> Watch<T> {
    /// What comes next; first of all, everybody who is there.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> News<T> {
        loop {
            if std::mem::take(&mut self.lacks) {
                let mut roll = self.of.shared.read();
                // What is in the list and was not told yet is told to the others now, and not to this one again.
                tell_diff(&mut roll, &self.of.diffs);
                self.number = roll.number();
                // What waits is older than that.
                self.diffs = self.diffs.resubscribe();
                let (number, list) = (roll.number(), roll.list());
                return News::Everybody { number, list };
            }
            match self.diffs.recv().await {
                Ok(diff) if diff.number <= self.number => {}
                Ok(diff) => {
                    self.number = diff.number;
                    return News::Diff(diff);
                }
                Err(RecvError::Lagged(_)) => self.lacks = true,
                // The sender is held by this.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl<T: Wire + Sync> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
