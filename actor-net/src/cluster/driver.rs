//! Carries out what the engine of the membership decides, as packets come in or time passes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout_at;

use super::{Shared, View};
use crate::clock::now;
use crate::error::Closed;
use crate::id::{NodeId, NodeName};
use crate::membership::engine::Engine;
use crate::membership::{MemberState, Profile, Stay};
use crate::remote::net::{Net, NodeEvent};
use crate::remote::packets::Came;
use crate::wire::codes::Goodbye;

/// Nothing is due for no longer than this.
const IDLE_MAX: Duration = Duration::from_secs(5);

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
        let due = engine.next_timeout().map_or_else(|| now() + IDLE_MAX, Into::into);
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
