//! Carries out what the pure rooms decide: makes connections, reads, writes, and looks at the clock.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actor_core::wire::Terms;
use actor_wire::{Codec, Limits};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until, timeout};

use crate::chance;
use crate::clock::now;
use crate::error::Closed;
use crate::id::{NodeId, NodeName};
use crate::peer::handshake::{Agreed, Handshake};
use crate::peer::heartbeat::Beat;
use crate::peer::roster::Dialled;
use crate::transport::{Listener, Stream};
use crate::wire::codes::{Goodbye, Refusal};
use crate::wire::protocol::Frame;

use super::conversation::{Conversation, Stage};
use super::doorway::Doorway;
use super::far::Far;
use super::greeting::{FAREWELL, Open, judge, shake_hands, write};
use super::inbound::Inbound;
use super::net::{Net, NodeEvent, lock};
use super::reading::read_all;
use super::writing::write_all;

/// For so long after a loss the peer may come back for adapters of handles that it held, and nobody else does.
const HELD_FOR_THE_LOST: Duration = Duration::from_secs(60);

/// A connection that was made for packets of the membership alone is closed so soon after the last of them: random members are probed,
/// and no node is to be connected to all others for it.
const PACKETS_IDLE: Duration = Duration::from_secs(10);

/// Makes a connection to `name`, and tries again whenever that fails, until nobody wants it. There is one of these for a node.
///
/// It begins when `wait` is over; `wanted` ends this and every other wait.
pub(crate) async fn keep(net: Arc<Net>, name: NodeName, mut wait: Duration, wanted: Arc<Notify>) {
    // The first wait is that for a connection that was lost, and counts.
    let (mut failed, mut refused) = (u32::from(!wait.is_zero()), None);
    loop {
        let _ = timeout(wait, wanted.notified()).await;
        let rests = net.is_leaving() || (!net.is_wanted(&name) && net.rests(&name));
        if rests || !lock(&net.roster).dialling(&name) {
            break;
        }
        let outcome = dial(&net, &name).await;
        lock(&net.roster).not_dialling(&name);
        let Err(why) = outcome else { break };
        tracing::debug!(peer = %name, %why, "cannot be reached");
        // Where both dialled at once, the other's connection is the one that stays, and tells those who wait; if it comes.
        let comes = is_of_another(&why) && *refused.get_or_insert_with(now) + net.config.connect_timeout() > now();
        if !comes {
            refused = None;
            net.tell(NodeEvent::Lost(name.clone(), why.clone()));
            net.tell_those_who_want(&name, &Err(why));
        }
        wait = wait_before(&net, failed);
        failed = failed.saturating_add(1);
    }
    net.keeps_no_longer(&name);
}

fn is_of_another(why: &Closed) -> bool {
    matches!(
        why,
        Closed::Refused {
            code: Refusal::Simultaneous,
            ..
        } | Closed::RefusedByPeer {
            code: Refusal::Simultaneous,
            ..
        }
    )
}

/// Doubled at each failure, with jitter: nodes that lost the same peer must not come back in step.
fn wait_before(net: &Net, failed: u32) -> Duration {
    let doubled = net.config.reconnect_min.saturating_mul(1 << failed.min(16));
    doubled.min(net.config.reconnect_max).mul_f64(0.5 + net.chance() / 2.0)
}

/// Makes one connection, and holds its conversation in a task of its own.
async fn dial(net: &Arc<Net>, name: &NodeName) -> Result<(), Closed> {
    let Some(address) = net.address(name) else {
        return Err(Closed::Lost(format!(
            "no address is known for node {name}; give one by `peer`, or join its cluster"
        )));
    };
    let stream = reach(net, &address).await?;
    let (handshake, hello) = greet(net, &stream, Some(name.clone()));
    let judged = |peer: &NodeId| judge(net, peer, Dialled::ByUs);
    let open = shake_hands(stream, handshake, hello, judged, |_| ()).await?;
    begin(net, open, Dialled::ByUs).await
}

async fn reach(net: &Net, address: &str) -> Result<Stream, Closed> {
    let dialled = timeout(net.config.dial_timeout, net.transport.dial(address)).await;
    dialled
        .map_err(|_| Closed::Lost(format!("{address} did not answer within {:?}", net.config.dial_timeout)))?
        .map_err(|why| Closed::Lost(format!("{address}: {why}")))
}

fn greet(net: &Net, stream: &Stream, expected: Option<NodeName>) -> (Handshake, Vec<u8>) {
    let auth = net.auth(stream);
    let (began, limit) = (now().into_std(), net.config.handshake_timeout);
    Handshake::dial(net.local.clone(), auth, expected, chance::bytes(), began, limit)
}

/// Finds out who is at an address, and makes a connection unless there is one to that node.
pub(crate) async fn meet(net: &Arc<Net>, address: &str) -> Result<NodeId, Closed> {
    let stream = reach(net, address).await?;
    let (handshake, hello) = greet(net, &stream, None);
    let mut met = None;
    let judged = |peer: &NodeId| {
        let is_first = met.replace(peer.clone()).is_none();
        if is_first && lock(&net.roster).is_connected(&peer.name) {
            return Err(Refusal::Simultaneous);
        }
        judge(net, peer, Dialled::ByUs)
    };
    let outcome = match shake_hands(stream, handshake, hello, judged, |_| ()).await {
        Ok(open) => begin(net, open, Dialled::ByUs).await,
        Err(why) => Err(why),
    };
    match (outcome, met) {
        (Ok(()), Some(peer)) => Ok(peer),
        // There is another connection to it.
        (Err(why), Some(peer)) if is_of_another(&why) => Ok(peer),
        (Ok(()), None) => Err(Closed::Lost("a handshake that nobody judged".to_owned())),
        (Err(why), _) => Err(why),
    }
}

/// Takes connections, for as long as the node is there.
pub(crate) async fn listen(net: Arc<Net>, mut listener: Box<dyn Listener>) {
    let doorway = Doorway::new(&net.config);
    loop {
        let incoming = match listener.accept().await {
            Ok(incoming) => incoming,
            Err(why) => {
                // Too many open files, most likely: it passes, and must not keep this thread busy until then.
                tracing::warn!(%why, "cannot accept a connection");
                sleep(net.config.reconnect_min).await;
                continue;
            }
        };
        if net.is_leaving() {
            return;
        }
        let Some(entered) = doorway.enter(&incoming.from) else {
            continue;
        };
        let accepting = net.clone();
        net.spawn(async move {
            let from = incoming.from;
            let opened = timeout(accepting.config.handshake_timeout, incoming.opening).await;
            let outcome = match opened {
                Ok(Ok(stream)) => {
                    let auth = accepting.auth(&stream);
                    let limit = accepting.config.handshake_timeout;
                    let local = accepting.local.clone();
                    let handshake = Handshake::listen(local, auth, chance::bytes(), now().into_std(), limit);
                    let judged = |peer: &NodeId| judge(&accepting, peer, Dialled::ByPeer);
                    let at_refusal = |why: &Closed| accepting.refuses(why);
                    match shake_hands(stream, handshake, Vec::new(), judged, at_refusal).await {
                        Ok(open) => begin(&accepting, open, Dialled::ByPeer).await,
                        Err(why) => Err(why),
                    }
                }
                Ok(Err(why)) => Err(Closed::Lost(why.to_string())),
                Err(_) => Err(Closed::Lost("it did not open in time".to_owned())),
            };
            drop(entered);
            match outcome {
                Ok(()) => {}
                // Two nodes have called each other at one moment: nothing is wrong.
                Err(
                    why @ (Closed::Refused {
                        code: Refusal::Simultaneous,
                        ..
                    }
                    | Closed::RefusedByPeer {
                        code: Refusal::Simultaneous,
                        ..
                    }),
                ) => tracing::debug!(from, %why, "a connection came to nothing"),
                Err(why) => tracing::warn!(from, %why, "a connection came to nothing"),
            }
        });
    }
}

/// Begins the conversation, in a task of its own.
async fn begin(net: &Arc<Net>, open: Open, dialled: Dialled) -> Result<(), Closed> {
    let (far, conversation) = connected(net, &open.agreed, dialled).await?;
    let net = net.clone();
    let running = net.clone();
    running.spawn(async move { converse(net, far, conversation, open).await });
    Ok(())
}

/// Enters a connection whose handshake went well.
async fn connected(net: &Arc<Net>, agreed: &Agreed, dialled: Dialled) -> Result<(Arc<Far>, Arc<Conversation>), Closed> {
    let number = Net::next_session();
    let codec = Codec::from_id(agreed.codec).ok_or(Closed::Refused {
        code: Refusal::Codec,
        words: String::new(),
    })?;
    let terms = Terms {
        session: number,
        codec,
        body_bytes_max: net.config.message_bytes_max.min(agreed.message_bytes_max as usize),
        limits: Limits {
            depth_max: net.config.depth_max,
        },
    };
    let now = now().into_std();
    let peer = agreed.peer.clone();
    let conversation = Conversation::new(number, agreed, terms, now, &net.config);
    let replaced = lock(&net.roster).connected(&peer, number, dialled);
    let far = net.met(&peer);
    if replaced.is_some()
        && let Some(before) = far.last_conversation()
    {
        before.end(Closed::Ended(Goodbye::Replaced));
        // Nothing of it may happen once the new one has begun.
        before.until(Stage::Cleared).await;
    }
    far.connected(&conversation);
    if let (Some(datagrams), Some(keys)) = (net.packets.datagrams(), &agreed.datagrams) {
        datagrams.begin(&peer, number, keys.clone());
    }
    net.tell_those_who_want(&peer.name, &Ok(far.clone()));
    tracing::info!(%peer, "connected");
    net.tell(NodeEvent::Connected(peer));
    Ok((far, conversation))
}

/// Holds a conversation until it ends, and sees to what is left of it.
async fn converse(net: Arc<Net>, far: Arc<Far>, conversation: Arc<Conversation>, open: Open) {
    let _gone = Gone(&conversation);
    let cleared = Cleared {
        net: &net,
        far: &far,
        conversation: &conversation,
    };
    let Stream {
        mut reader, mut writer, ..
    } = open.stream;
    let mut decoder = open.decoder;
    decoder.allow(net.config.frame_bytes_max());
    let why = {
        let inbound = Inbound::new(net.clone(), far.clone(), conversation.clone());
        let mut reads = pin!(read_all(&mut reader, decoder, inbound, &conversation));
        let mut writes = pin!(write_all(&mut writer, &conversation));
        let mut ticks = pin!(tick(&net, &far, &conversation));
        let mut cut = pin!(conversation.until_cut());
        poll_fn(|cx| {
            // In this order, so that one seed gives one run.
            for polled in [
                cut.as_mut().poll(cx),
                reads.as_mut().poll(cx),
                writes.as_mut().poll(cx),
                ticks.as_mut().poll(cx),
            ] {
                if let Poll::Ready(why) = polled {
                    return Poll::Ready(why);
                }
            }
            Poll::Pending
        })
        .await
    };
    conversation.end(why.clone());
    tracing::info!(peer = %conversation.peer, %why, "connection ended");
    drop(cleared);
    if let Closed::Ended(code) = why {
        let _ = timeout(FAREWELL, say_goodbye(&mut writer, code)).await;
    }
}

/// Says that nothing more comes of a conversation, also when its task is dropped.
struct Gone<'a>(&'a Conversation);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.reach(Stage::Gone);
    }
}

/// What a conversation leaves behind is cleared away also when its task is dropped.
struct Cleared<'a> {
    net: &'a Arc<Net>,
    far: &'a Arc<Far>,
    conversation: &'a Arc<Conversation>,
}

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        let (net, far, conversation) = (self.net, self.far, self.conversation);
        let name = &conversation.peer.name;
        lock(&net.roster).disconnected(name, conversation.number);
        let why = conversation.ends().unwrap_or(Closed::Ended(Goodbye::Leaving));
        let session = conversation.number;
        if let Some(datagrams) = net.packets.datagrams()
            && !why.is_rest()
        {
            datagrams.over(name, session);
        }
        let (exports, has_left) = (net.exports.clone(), why.has_left());
        if has_left || net.is_leaving() {
            exports.lost(session);
        } else {
            // What only the peer holds waits for it to come back.
            net.spawn(async move {
                sleep(HELD_FOR_THE_LOST).await;
                exports.lost(session);
            });
        }
        let is_current = far
            .last_conversation()
            .is_some_and(|current| Arc::ptr_eq(&current, conversation));
        // Before anybody hears of it: a sender may know it still.
        let unsent = conversation.close();
        if is_current {
            if has_left {
                far.over();
            } else {
                far.lost(Some(conversation));
            }
        }
        conversation.clear(far, unsent);
        net.has_carried(name, &conversation.traffic);
        net.tell(NodeEvent::Lost(name.clone(), why));
        if is_current && net.is_wanted(name) {
            net.keep(name, wait_before(net, 0));
        }
    }
}

async fn tick(net: &Net, far: &Far, conversation: &Conversation) -> Closed {
    let (mut needed, mut awake) = (now(), now());
    let mut was_needed = false;
    loop {
        sleep_until(conversation.next_tick().into()).await;
        let beat = conversation.beat(now().into_std());
        if let Beat::Dead = beat {
            return Closed::Silent;
        }
        net.let_go_of_lingering();
        net.lose_other_lives(&conversation.peer);
        if far.conversation().is_some() {
            awake = now();
        } else if now().saturating_duration_since(awake) >= net.config.heartbeat_timeout {
            // The peer wanted to close it, and does not.
            return Closed::Ended(Goodbye::Idle);
        }
        let carries = conversation.last_packet();
        let keeps = if was_needed || carries.is_none() {
            net.config.idle_timeout
        } else {
            net.config.idle_timeout.min(PACKETS_IDLE)
        };
        if far.is_needed() || !conversation.is_idle() {
            needed = now();
            was_needed = true;
        } else if now().saturating_duration_since(carries.map_or(needed, |carries| carries.max(needed))) >= keeps {
            needed = now();
            conversation.propose();
        }
        // Behind the proposal, which is not made while anything waits: of two nodes whose hearts beat at the same time none would ever make one.
        if let Beat::Ping(token) = beat {
            conversation.control(&Frame::Ping { token });
        }
    }
}

async fn say_goodbye(writer: &mut (impl AsyncWrite + Unpin), code: Goodbye) {
    let mut bytes = Vec::new();
    Frame::Goodbye {
        code,
        words: &code.to_string(),
    }
    .encode(&mut bytes);
    if write(writer, &bytes).await.is_ok() {
        let _ = writer.shutdown().await;
    }
}
