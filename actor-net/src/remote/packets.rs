//! Packets of the membership, from node to node: they go before all data and are waited for by nobody; one that finds no way is dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::id::{NodeId, NodeName};

use super::datagrams::Datagrams;
use super::net::{Net, lock};

/// So many wait for a connection to be made. There is no use in older ones.
const WAITING_MAX: usize = 16;

/// A node that cannot be reached is dialled no more often than this.
const REDIAL: Duration = Duration::from_millis(300);

/// So many that have come wait to be looked at.
const CAME_MAX: usize = 4096;

/// A packet that has come, and the node that it came from.
pub(crate) type Came = (NodeId, Vec<u8>);

pub(crate) struct Packets {
    /// The other way than over connections, if it is wanted.
    datagrams: Option<Datagrams>,
    /// Who takes what comes.
    taker: Mutex<Option<mpsc::Sender<Came>>>,
    /// What waits for connections.
    waiting: Mutex<HashMap<NodeName, VecDeque<Vec<u8>>>>,
}

impl Packets {
    pub(crate) fn new(datagrams: Option<Datagrams>) -> Self {
        Self {
            datagrams,
            taker: Mutex::default(),
            waiting: Mutex::default(),
        }
    }

    pub(crate) fn datagrams(&self) -> Option<&Datagrams> {
        self.datagrams.as_ref()
    }

    /// Whoever calls this takes what comes from now on, for as long as it holds what it gets. `None`: another one does.
    pub(crate) fn taker(&self) -> Option<mpsc::Receiver<Came>> {
        let mut taker = lock(&self.taker);
        if taker.as_ref().is_some_and(|taker| !taker.is_closed()) {
            return None;
        }
        let (sender, receiver) = mpsc::channel(CAME_MAX);
        *taker = Some(sender);
        Some(receiver)
    }

    pub(super) fn came(&self, from: &NodeId, packet: &[u8]) {
        if let Some(taker) = &*lock(&self.taker) {
            let _ = taker.try_send((from.clone(), packet.to_vec()));
        }
    }
}

impl Net {
    /// Sends a packet to a node: as a datagram where both have chosen that, or else over a connection that is made if there is none.
    pub(crate) fn send_packet(self: &Arc<Self>, to: &NodeName, address: &str, packet: Vec<u8>) {
        if let Some(datagrams) = self.packets.datagrams()
            && datagrams.send(self, to, address, &packet)
        {
            return;
        }
        let conversation = self.newest(to).and_then(|far| far.last_conversation());
        if let Some(conversation) = conversation {
            return conversation.packet(&packet);
        }
        let mut waiting = lock(&self.packets.waiting);
        if let Some(waiting) = waiting.get_mut(to) {
            let excess = (waiting.len() + 1).saturating_sub(WAITING_MAX);
            drop(waiting.drain(..excess));
            return waiting.push_back(packet);
        }
        waiting.insert(to.clone(), VecDeque::from([packet]));
        drop(waiting);
        if !address.is_empty() {
            self.set_address(to.clone(), address.to_owned());
        }
        let (net, to) = (self.clone(), to.clone());
        self.spawn(async move {
            let made = timeout(net.config.connect_timeout(), net.connect(&to)).await;
            let conversation = made.ok().and_then(Result::ok).and_then(|far| far.last_conversation());
            if conversation.is_none() {
                sleep(REDIAL).await;
            }
            let waiting = lock(&net.packets.waiting).remove(&to).unwrap_or_default();
            for packet in waiting {
                conversation
                    .iter()
                    .for_each(|conversation| conversation.packet(&packet));
            }
        });
    }
}
