//! A network within one process, for tests: as bad as a test wants it, on the clock of the runtime.
//!
//! A connection behaves as one of TCP: bytes come in order or not at all. What a bad network does to it is therefore delay (also so much that it looks
//! lost), a limit on what is under way, silence in one direction or both, and an end by force. Nothing here is left to chance: whoever wants
//! a seeded network gives a function for delays, and calls the rest at times that the seed says.

mod pipe;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::{Identity, Incoming, Listener, Stream, Transport};
use pipe::Pipe;

/// How many connections may wait to be accepted.
const BACKLOG: usize = 64;

/// How long bytes are under way: from whom, to whom, how many.
pub type Delay = Box<dyn FnMut(&str, &str, usize) -> Duration + Send>;

/// A network, shared by all transports that were made from it.
#[derive(Clone)]
pub struct MemoryNetwork(Arc<Network>);

struct Network {
    state: Mutex<State>,
    /// A direction was opened again.
    opened: Notify,
}

struct State {
    doors: BTreeMap<String, mpsc::Sender<Incoming>>,
    silent: BTreeSet<(String, String)>,
    delay: Delay,
    pipe_bytes_max: usize,
    pipes: Vec<Weak<Pipe>>,
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_silent(&self, from: &str, to: &str) -> bool {
        self.lock().silent.contains(&(from.to_owned(), to.to_owned()))
    }

    fn delay(&self, from: &str, to: &str, bytes: usize) -> Duration {
        (self.lock().delay)(from, to, bytes)
    }
}

impl Default for MemoryNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryNetwork {
    /// A network without delay, in which 64 KiB may be under way in each direction of a connection.
    pub fn new() -> Self {
        let state = State {
            doors: BTreeMap::new(),
            silent: BTreeSet::new(),
            delay: Box::new(|_, _, _| Duration::ZERO),
            pipe_bytes_max: 64 << 10,
            pipes: Vec::new(),
        };
        Self(Arc::new(Network {
            state: Mutex::new(state),
            opened: Notify::new(),
        }))
    }

    /// The transport of one node, which is known to the network by `name`. Addresses are names.
    pub fn transport(&self, name: &str) -> MemoryTransport {
        MemoryTransport {
            network: self.clone(),
            name: name.to_owned(),
        }
    }

    /// Chooses how long bytes are under way. It is asked once for each write, and once for each connection that is made (with 0 bytes).
    /// Bytes never pass those before them.
    ///
    /// It is called under the network's lock: it must not call the network.
    pub fn set_delay(&self, delay: impl FnMut(&str, &str, usize) -> Duration + Send + 'static) {
        let old = std::mem::replace(&mut self.0.lock().delay, Box::new(delay));
        drop(old);
    }

    /// Chooses how many bytes may be under way in each direction of a connection that is made from now on.
    pub fn set_pipe_bytes_max(&self, bytes: usize) {
        self.0.lock().pipe_bytes_max = bytes.max(1);
    }

    /// From now on nothing comes from `from` to `to`; what is under way waits. New connections between them wait, too.
    pub fn silence(&self, from: &str, to: &str) {
        self.0.lock().silent.insert((from.to_owned(), to.to_owned()));
    }

    /// Bytes come from `from` to `to` again; what waited comes now, as after TCP has sent it again.
    pub fn unsilence(&self, from: &str, to: &str) {
        self.0.lock().silent.remove(&(from.to_owned(), to.to_owned()));
        self.0.opened.notify_waiters();
        for pipe in self.pipes(from, to) {
            pipe.wake();
        }
    }

    /// Ends every connection between the two by force, in both directions, without a word. What is under way is lost.
    pub fn cut(&self, one: &str, other: &str) {
        for pipe in self.pipes(one, other).into_iter().chain(self.pipes(other, one)) {
            pipe.reset();
        }
    }

    fn pipes(&self, from: &str, to: &str) -> Vec<Arc<Pipe>> {
        let mut state = self.0.lock();
        state.pipes.retain(|pipe| pipe.strong_count() > 0);
        let pipes = state.pipes.iter().filter_map(Weak::upgrade);
        pipes.filter(|pipe| pipe.goes(from, to)).collect()
    }

    /// Two ends of a new connection.
    fn connect(&self, dialler: &str, listener: &str) -> (Stream, Stream) {
        let make = |from: &str, to: &str| {
            let mut state = self.0.lock();
            let pipe = Pipe::new(Arc::downgrade(&self.0), from, to, state.pipe_bytes_max);
            state.pipes.retain(|pipe| pipe.strong_count() > 0);
            state.pipes.push(Arc::downgrade(&pipe));
            pipe::ends(pipe)
        };
        let (there_writes, here_reads) = make(listener, dialler);
        let (here_writes, there_reads) = make(dialler, listener);
        let stream = |reader, writer, address: &str| Stream {
            reader: Box::new(reader),
            writer: Box::new(writer),
            identity: Identity::Unproven,
            secret: None,
            address: address.to_owned(),
        };
        (
            stream(here_reads, here_writes, listener),
            stream(there_reads, there_writes, dialler),
        )
    }
}

/// One node's way into a [`MemoryNetwork`].
#[derive(Clone)]
pub struct MemoryTransport {
    network: MemoryNetwork,
    name: String,
}

impl MemoryTransport {
    /// Waits until bytes come from one to the other.
    async fn audible(&self, from: &str, to: &str) {
        let network = &self.network.0;
        loop {
            let opened = network.opened.notified();
            if !network.is_silent(from, to) {
                return;
            }
            opened.await;
        }
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    async fn listen(&self, at: &str) -> io::Result<Box<dyn Listener>> {
        let (door, incoming) = mpsc::channel(BACKLOG);
        let mut state = self.network.0.lock();
        if state.doors.get(at).is_some_and(|door| !door.is_closed()) {
            let why = format!("{at} is taken");
            return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
        }
        state.doors.insert(at.to_owned(), door);
        let at = at.to_owned();
        Ok(Box::new(MemoryDoor { at, incoming }))
    }

    async fn dial(&self, to: &str) -> io::Result<Stream> {
        let network = &self.network.0;
        // There and back, as the first packets of TCP go.
        self.audible(&self.name, to).await;
        self.audible(to, &self.name).await;
        let there_and_back = network.delay(&self.name, to, 0) + network.delay(to, &self.name, 0);
        sleep(there_and_back).await;
        let refused = || io::Error::new(io::ErrorKind::ConnectionRefused, format!("nobody listens at {to}"));
        let door = network.lock().doors.get(to).cloned().ok_or_else(refused)?;
        let (here, there) = self.network.connect(&self.name, to);
        let incoming = Incoming {
            from: self.name.clone(),
            opening: Box::pin(async { Ok(there) }),
        };
        door.send(incoming).await.map_err(|_| refused())?;
        Ok(here)
    }

    /// Nodes are found by their names.
    fn address_of(&self, node: &str) -> Option<String> {
        Some(node.to_owned())
    }
}

struct MemoryDoor {
    at: String,
    incoming: mpsc::Receiver<Incoming>,
}

#[async_trait]
impl Listener for MemoryDoor {
    async fn accept(&mut self) -> io::Result<Incoming> {
        self.incoming
            .recv()
            .await
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn address(&self) -> String {
        self.at.clone()
    }
}

#[cfg(test)]
mod tests;
