//! A network of nodes in one process, as bad as a test wants it, on the paused clock and from one seed.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::System;
use actor_net::transport::MemoryNetwork;
use actor_net::{Node, NodeBuilder, Security, StartError};
use fastrand::Rng;
use tokio::time::{sleep, timeout};

/// How long a node that starts again waits until its former life has let go of its address.
const RESTART: Duration = Duration::from_secs(1);

/// So many lines of its story are kept, from the beginning.
const STORY_LINES_MAX: usize = 10_000;

/// Nodes of your own application on a network that does what a test says, or what its seed says.
///
/// What runs is all real but the wire: handshakes, heartbeats, windows, time-outs. Where the clock is paused, hours of trouble take
/// milliseconds. Everything that the network leaves to chance comes from one seed, which is printed when the test
/// panics; on a runtime of one thread the same seed brings the same run.
///
/// A connection behaves as one of TCP does: bytes come in order or not at all. So what goes wrong is delay, loss of the connection,
/// silence in one direction or in both, and the end of a node.
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::prelude::*;
/// use actor_testkit::{Probe, SimulatedNetwork, pass};
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> ActorResult {
/// let network = SimulatedNetwork::seeded(7);
/// let (left, right) = (System::new("left"), System::new("right"));
/// let (a, b) = (network.node(&left, "a").await?, network.node(&right, "b").await?);
///
/// let mut shop = Probe::<String>::spawn(&right, "shop");
/// b.expose("shop", &shop.handle())?;
/// let far = a.lookup::<String>("shop@b").await?;
/// far.tell("hello".to_owned()).await?;
/// assert_eq!(shop.expect().await, "hello");
///
/// network.partition(&["a"], &["b"]);
/// assert_eq!(far.watch().await.reason.to_string(), "was lost with its node");
/// network.repair();
/// pass(Duration::from_secs(20)).await;
/// far.tell("again".to_owned()).await?;
/// # Ok(())
/// # }
/// ```
pub struct SimulatedNetwork {
    seed: u64,
    network: MemoryNetwork,
    state: Arc<Mutex<State>>,
}

struct State {
    chance: Rng,
    /// How long bytes are under way at least, and at most.
    delay: (Duration, Duration),
    /// How long a byte takes to each node that reads slowly.
    slow: BTreeMap<String, Duration>,
    nodes: BTreeMap<String, Life>,
    traffic: DefaultHasher,
    story: Vec<String>,
}

#[derive(Default)]
struct Life {
    crashed: bool,
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // No code of others runs under it.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn tell(&mut self, line: String) {
        if self.story.len() < STORY_LINES_MAX {
            self.story.push(line);
        }
    }

    fn delay(&mut self, from: &str, to: &str, bytes: usize) -> Duration {
        let (least, most) = self.delay;
        let jitter = (most - least).mul_f64(self.chance.f64());
        let each = self.slow.get(to).copied().unwrap_or_default();
        let delay = least + jitter + each * u32::try_from(bytes).unwrap_or(u32::MAX);
        (from, to, bytes, delay).hash(&mut self.traffic);
        delay
    }
}

impl SimulatedNetwork {
    /// A network whose every chance comes from this seed. Bytes are under way for 1 to 5 ms.
    pub fn seeded(seed: u64) -> Self {
        let network = MemoryNetwork::new();
        let state = Arc::new(Mutex::new(State {
            chance: Rng::with_seed(seed),
            delay: (Duration::from_millis(1), Duration::from_millis(5)),
            slow: BTreeMap::new(),
            nodes: BTreeMap::new(),
            traffic: DefaultHasher::new(),
            story: Vec::new(),
        }));
        let delays = state.clone();
        network.set_delay(move |from, to, bytes| locked(&delays).delay(from, to, bytes));
        Self { seed, network, state }
    }

    /// Starts a node of this name, which finds all others by theirs. One that [crashed](Self::crash) can be started again.
    ///
    /// # Errors
    /// The name is no name of a node, or that of one which lives.
    ///
    /// # Cancel safety
    /// Dropping the future starts nothing.
    pub async fn node(&self, system: &System, name: &str) -> Result<Node, StartError> {
        self.node_with(system, name, |builder| builder).await
    }

    /// The same, with settings of its own: a configuration, a codec, a cluster.
    ///
    /// # Errors
    /// As for [`node`](Self::node); or the settings do not go together.
    ///
    /// # Cancel safety
    /// As for [`node`](Self::node).
    pub async fn node_with(
        &self,
        system: &System,
        name: &str,
        settings: impl Fn(NodeBuilder) -> NodeBuilder,
    ) -> Result<Node, StartError> {
        let seed = locked(&self.state).chance.u64(..);
        let start = || {
            let security = Security::memory(self.network.transport(name), None);
            let builder = Node::builder(system).name(name).listen(name).seed(seed);
            settings(builder.security(security)).start()
        };
        let mut started = start().await;
        // The tasks of a former life let go of the address when they are next polled.
        let again = async {
            while let Err(StartError::Listen { .. }) = started {
                sleep(Duration::from_millis(1)).await;
                started = start().await;
            }
        };
        let _ = timeout(RESTART, again).await;
        let node = started?;
        let life = locked(&self.state).nodes.insert(name.to_owned(), Life::default());
        if life.is_some_and(|life| life.crashed) {
            self.audible(name, true);
        }
        self.tell(format!("{name} starts"));
        Ok(node)
    }

    /// Ends a node as a machine ends that loses its power: without a word, so that its peers have to find out. It has to be the
    /// last clone of it. Its actors live on, and reach nobody.
    pub fn crash(&self, node: Node) {
        let name = node.id().name.to_string();
        self.audible(&name, false);
        drop(node);
        locked(&self.state).nodes.insert(name.clone(), Life { crashed: true });
        self.tell(format!("{name} crashes"));
    }

    fn audible(&self, name: &str, is_audible: bool) {
        for other in self.others(name) {
            for (from, to) in [(name, &*other), (&*other, name)] {
                if is_audible {
                    self.network.unsilence(from, to);
                } else {
                    self.network.silence(from, to);
                }
            }
        }
    }

    fn others(&self, name: &str) -> Vec<String> {
        let state = locked(&self.state);
        state.nodes.keys().filter(|other| *other != name).cloned().collect()
    }

    /// Chooses how long bytes are under way from now on, at least and at most. Connections do not wait for one another, and
    /// so pass each other by.
    pub fn delay(&self, least: Duration, most: Duration) {
        locked(&self.state).delay = (least, most.max(least));
    }

    /// From now on each byte takes so long to this node: it reads slowly, or its line is thin. Zero makes it quick again.
    pub fn slow(&self, name: &str, each_byte: Duration) {
        locked(&self.state).slow.insert(name.to_owned(), each_byte);
        self.tell(format!("{name} takes {each_byte:?} for a byte"));
    }

    /// Ends the connection between two nodes by force. Both notice at once; what was under way is lost.
    pub fn cut(&self, one: &str, other: &str) {
        self.network.cut(one, other);
        self.tell(format!("{one} and {other} are cut off"));
    }

    /// From now on nothing comes from one to the other, which cannot tell that from an idle peer. What is under way waits.
    pub fn silence(&self, from: &str, to: &str) {
        self.network.silence(from, to);
        self.tell(format!("nothing comes from {from} to {to}"));
    }

    /// Silence between all of these and all of those, in both directions.
    pub fn partition(&self, these: &[&str], those: &[&str]) {
        for one in these {
            for other in those {
                self.network.silence(one, other);
                self.network.silence(other, one);
            }
        }
        self.tell(format!("{these:?} and {those:?} are parted"));
    }

    /// Ends every silence and all slowness; nodes that crashed stay so.
    pub fn repair(&self) {
        let mut state = locked(&self.state);
        state.slow.clear();
        let living: Vec<String> = state
            .nodes
            .iter()
            .filter(|(_, life)| !life.crashed)
            .map(|(name, _)| name.clone())
            .collect();
        drop(state);
        for from in &living {
            for to in living.iter().filter(|to| *to != from) {
                self.network.unsilence(from, to);
            }
        }
        self.tell("repaired".to_owned());
    }

    /// Something goes wrong between two nodes that live, as the seed says: a connection is lost, one direction falls silent or both
    /// do, or one becomes slow. Nothing happens to fewer than two. A test that wants nodes to crash has to do that
    /// itself, as they are its own.
    pub fn trouble(&self) {
        let mut state = locked(&self.state);
        let mut living: Vec<String> = state
            .nodes
            .iter()
            .filter(|(_, life)| !life.crashed)
            .map(|(name, _)| name.clone())
            .collect();
        state.chance.shuffle(&mut living);
        let what = state.chance.u8(..6);
        drop(state);
        let [one, other, ..] = &*living else { return };
        match what {
            0 | 1 => self.cut(one, other),
            2 | 3 => self.silence(one, other),
            4 => self.partition(&[one], &[other]),
            _ => self.slow(one, Duration::from_micros(50)),
        }
    }

    /// A number from the seed, below `end`, for what else a test leaves to chance.
    ///
    /// # Panics
    /// If `end` is 0.
    pub fn chance(&self, end: usize) -> usize {
        locked(&self.state).chance.usize(..end)
    }

    /// Adds a line to the [story](Self::story): what the test itself did.
    pub fn tell(&self, line: impl Into<String>) {
        locked(&self.state).tell(line.into());
    }

    /// What was done to the network, in order; printed with the seed when the test panics. It holds 10,000 lines at most.
    pub fn story(&self) -> Vec<String> {
        locked(&self.state).story.clone()
    }

    /// Stands for all that went over the wire so far: from whom, to whom, how many bytes, after which delay, in which order. Two
    /// runs that have the same were the same.
    pub fn digest(&self) -> u64 {
        locked(&self.state).traffic.finish()
    }

    /// The network beneath, for what is not here.
    pub fn memory(&self) -> &MemoryNetwork {
        &self.network
    }
}

impl Drop for SimulatedNetwork {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let story = locked(&self.state).story.join("\n  ");
            eprintln!(
                "the seed of the simulated network was {}; what happened:\n  {story}",
                self.seed
            );
        }
    }
}

impl fmt::Debug for SimulatedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimulatedNetwork(seed {})", self.seed)
    }
}
