//! Carries out what the engine of the membership decides: packets, time, and looking for others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, timeout_at};

use super::discovery::Discovery;
use super::{Shared, View};
use crate::clock::now;
use crate::error::Closed;
use crate::id::{NodeId, NodeName};
use crate::membership::engine::Engine;
use crate::membership::{MemberState, Profile, Stay};
use crate::remote::driver::meet;
use crate::remote::net::{Net, NodeEvent};
use crate::remote::packets::Came;
use crate::wire::codes::{Goodbye, Refusal};

/// How often others are looked for until one was found, and from then on.
const SEEK_FIRST: Duration = Duration::from_secs(1);
const SEEK_LATER: Duration = Duration::from_secs(5);

/// So many addresses are tried at a time.
const TRIED_MAX: usize = 8;

/// So many of what is there already are taken before others are looked at.
const PACKETS_PER_TURN: usize = 64;

/// What the members' task is told.
pub(super) enum Input {
    /// A node was found where members may be.
    Met(NodeId, String),
    /// Nobody was, and this node may be the first.
    Nobody,
    /// A connection was lost.
    Lost(NodeName),
    Profile(Arc<Profile>),
    AnnounceLeave,
    Leave,
    /// Nobody holds this membership any more.
    Over,
}

/// The number of the first stay of a node that starts now: higher than those of its former lives, unless its clock went back.
#[expect(
    clippy::disallowed_methods,
    reason = "it only has to be higher than before, and is mended when the others know better"
)]
pub(super) fn first_stay() -> Stay {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Stay(since.map_or(1, |since| u64::try_from(since.as_millis()).unwrap_or(1)))
}

/// Runs the engine until it has left, or nobody wants it any more.
pub(super) async fn run(
    net: Arc<Net>,
    mut engine: Engine,
    shared: Arc<Shared>,
    mut packets: mpsc::Receiver<Came>,
    mut inputs: mpsc::Receiver<Input>,
) {
    // What a test's network brings in one moment is to come in one order: packets, and then the rest.
    let mut came = Vec::with_capacity(PACKETS_PER_TURN);
    while engine.state() != MemberState::Down {
        let due = engine.next_timeout().map_or_else(|| now() + SEEK_LATER, Into::into);
        let next = next(&mut packets, &mut came, &mut inputs);
        let mut was_told = false;
        match timeout_at(due, next).await {
            Err(_) => engine.handle_timeout(now().into_std()),
            Ok(Some(input)) => {
                if let Input::Over = input {
                    // It says nothing of that to the others; but what is shared is shared by members.
                    net.members.is_apart.send_replace(true);
                    break;
                }
                take(&mut engine, input);
                was_told = true;
            }
            Ok(None) => {
                for (from, bytes) in came.drain(..) {
                    packet(&mut engine, &from, &bytes);
                }
            }
        }
        tell(&net, &mut engine, &shared, was_told);
    }
    net.members_are(&[]);
    shared.state.send_replace(MemberState::Down);
}

/// Waits for packets, which are in `came` then, or for something else.
async fn next(
    packets: &mut mpsc::Receiver<Came>,
    came: &mut Vec<Came>,
    inputs: &mut mpsc::Receiver<Input>,
) -> Option<Input> {
    std::future::poll_fn(|cx| {
        if packets.poll_recv_many(cx, came, PACKETS_PER_TURN).is_ready() && !came.is_empty() {
            return std::task::Poll::Ready(None);
        }
        inputs.poll_recv(cx).map(|input| Some(input.unwrap_or(Input::Over)))
    })
    .await
}

fn packet(engine: &mut Engine, from: &NodeId, bytes: &[u8]) {
    if let Err(why) = engine.handle_packet(from, bytes, now().into_std()) {
        tracing::debug!(peer = %from, %why, "a packet of the membership was dropped");
    }
}

fn take(engine: &mut Engine, input: Input) {
    let now = now().into_std();
    match input {
        Input::Met(id, address) => engine.met(id, address.into(), now),
        Input::Nobody => engine.found_nobody(),
        Input::Lost(name) => engine.hint_lost(&name, now),
        Input::Profile(profile) => engine.set_profile(profile, now),
        Input::AnnounceLeave => engine.announce_leave(now),
        Input::Leave => engine.leave(now),
        Input::Over => {}
    }
}

/// Sends what the engine has to say, and tells those who listen.
fn tell(net: &Arc<Net>, engine: &mut Engine, shared: &Shared, was_told: bool) {
    while let Some(transmit) = engine.poll_transmit() {
        net.send_packet(&transmit.to.name, &transmit.address, transmit.bytes);
    }
    let mut events = Vec::new();
    while let Some(event) = engine.poll_event() {
        events.push(event);
    }
    // Of what this node says of itself there is no event.
    let has_changed = was_told || !events.is_empty() || shared.view().members.len() != engine.members_len();
    let state = engine.state();
    if has_changed || *shared.state.borrow() != state {
        let view = View::of(engine);
        net.members_are(&view.members);
        let before = std::mem::replace(&mut *shared.view(), view);
        drop(before);
        shared.state.send_replace(state);
    }
    for event in events {
        net.member_event(event);
    }
}

/// Tells of connections that were lost, but for those that were closed in order.
pub(super) async fn hear_of_losses(net: Arc<Net>, inputs: mpsc::Sender<Input>) {
    let mut events = net.events.subscribe();
    drop(net);
    loop {
        match events.recv().await {
            Ok(NodeEvent::Lost(name, why)) => {
                let in_order = |code: &Goodbye| matches!(code, Goodbye::Idle | Goodbye::Replaced);
                let is_in_order = match &why {
                    Closed::Ended(code) | Closed::EndedByPeer { code, .. } => in_order(code),
                    _ => false,
                };
                if !is_in_order && inputs.send(Input::Lost(name)).await.is_err() {
                    return;
                }
            }
            Ok(NodeEvent::Connected(_)) | Err(broadcast::error::RecvError::Lagged(_)) => {
                if inputs.is_closed() {
                    return;
                }
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Whether two nodes will refuse each other until somebody changes one of them.
fn is_lasting(why: &Closed) -> bool {
    use Refusal::{Cluster, Codec, Malformed, Method, Name, Proof, Version};
    let (Closed::Refused { code, .. } | Closed::RefusedByPeer { code, .. }) = why else {
        return false;
    };
    matches!(code, Version | Cluster | Name | Proof | Method | Codec | Malformed)
}

/// Looks for others, first of all at the beginning, and later for the sake of a cluster that began in several places.
pub(super) struct Seeker {
    pub(super) net: Arc<Net>,
    pub(super) shared: Arc<Shared>,
    pub(super) sources: Vec<Box<dyn Discovery>>,
    pub(super) inputs: mpsc::Sender<Input>,
}

impl Seeker {
    pub(super) async fn run(self) {
        // Who was found where: a member may be known by another address than the one that leads to it.
        let mut found = BTreeMap::new();
        let mut refused = BTreeMap::new();
        while !self.inputs.is_closed() {
            self.seek(&mut found, &mut refused).await;
            let is_alone = self.shared.view().members.len() == 1;
            sleep(if is_alone { SEEK_FIRST } else { SEEK_LATER }).await;
        }
    }

    async fn seek(&self, found: &mut BTreeMap<String, NodeName>, refused: &mut BTreeMap<String, Closed>) {
        let addresses = self.addresses().await;
        let members = self.shared.view().members.clone();
        let mine = members.iter().find(|member| member.id == self.net.id);
        let mut may_be_first = addresses.is_empty() || mine.is_some_and(|me| addresses.contains(&*me.address));
        let is_known = |address: &String| {
            let found = found.get(address);
            let is_it = |name: &NodeName| name.as_str() == address || found == Some(name);
            members
                .iter()
                .any(|member| *member.address == **address || is_it(&member.id.name))
        };
        let open: Vec<_> = addresses.iter().filter(|address| !is_known(address)).cloned().collect();
        let first = (self.net.chance() * open.len() as f64) as usize;
        let mut has_met = false;
        for address in open.iter().cycle().skip(first).take(open.len().min(TRIED_MAX)) {
            match meet(&self.net, address).await {
                Ok(id) => {
                    has_met = true;
                    refused.remove(address);
                    found.insert(address.clone(), id.name.clone());
                    let _ = self.inputs.send(Input::Met(id, address.clone())).await;
                }
                // It is this very node.
                Err(Closed::Refused {
                    code: Refusal::NameTaken,
                    ..
                }) => {
                    found.insert(address.clone(), self.net.id.name.clone());
                    may_be_first = true;
                }
                // That does not pass by itself: it is said, and once.
                Err(why) if is_lasting(&why) && refused.get(address) != Some(&why) => {
                    tracing::warn!(address, %why, "a node where members may be is none for this one");
                    refused.insert(address.clone(), why);
                }
                Err(why) => tracing::debug!(address, %why, "no member there"),
            }
        }
        found.retain(|address, _| addresses.contains(address));
        refused.retain(|address, _| addresses.contains(address));
        may_be_first |= found.values().any(|name| *name == self.net.id.name);
        if may_be_first && !has_met && *self.shared.state.borrow() == MemberState::Joining {
            let _ = self.inputs.send(Input::Nobody).await;
        }
    }

    async fn addresses(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for source in &self.sources {
            match source.addresses().await {
                Ok(addresses) => all.extend(addresses),
                Err(why) => tracing::warn!(%why, "cannot find out where members may be"),
            }
        }
        all
    }
}
