//! The other nodes, as the page is told of them.

use actor_net::{Cluster, Node};
use serde_json::{Value, json};

/// So many groups, keys and names are shown of each service.
const LARGEST: usize = 20;

/// A node and those that it is connected with, or was.
pub(crate) fn of_node(node: &Node) -> Value {
    json!({
        "me": node.id().to_string(),
        "peers": peers(node),
        "past": past(node),
        "shares": shares(node),
    })
}

/// The same, with the members of its cluster.
pub(crate) fn of_cluster(cluster: &Cluster) -> Value {
    let mut look = of_node(cluster.node());
    look["members"] = json!(members(cluster));
    look["standing"] = json!(format!("{:?}", cluster.standing()).to_lowercase());
    look
}

fn peers(node: &Node) -> Vec<Value> {
    let peers = node.peers().into_iter();
    peers
        .map(|peer| {
            let held = &peer.holdings;
            json!({
                "name": peer.id.name.as_str(),
                "id": peer.id.to_string(),
                "connected_ms": peer.connected_for.as_millis() as u64,
                "round_trip_ms": peer.round_trip.map(|time| time.as_secs_f64() * 1000.0),
                "silent_ms": peer.silent_for.as_millis() as u64,
                "read_bytes": peer.read_bytes,
                "written_bytes": peer.written_bytes,
                "outbox_bytes": held.outbox_bytes,
                "outbox_bytes_max": peer.outbox_bytes_max,
                "inbox_bytes": held.inbox_bytes,
                "asks": held.calls,
                "asked": held.their_calls,
                "waiting": held.waiting,
                "watches": held.watches + held.their_watches,
                "links": held.links,
            })
        })
        .collect()
}

fn past(node: &Node) -> Vec<Value> {
    let encounters = node.encounters().into_iter();
    encounters
        .map(|met| {
            json!({
                "name": met.name.as_str(),
                "begun": met.begun,
                "lost": met.lost,
                "lost_ago_ms": met.last_loss.as_ref().map(|(ago, _)| ago.as_millis() as u64),
                "why": met.last_loss.as_ref().map(|(_, why)| why.to_string()),
            })
        })
        .collect()
}

fn shares(node: &Node) -> Vec<Value> {
    let shares = node.shares(LARGEST).into_iter();
    shares
        .map(|share| {
            json!({
                "service": share.service,
                "keys": share.keys,
                "nodes": share.nodes.iter().map(|sharer| json!({
                    "name": sharer.id.name.as_str(),
                    "id": sharer.id.to_string(),
                    "entries": sharer.entries,
                    "lost_ms": sharer.lost_for.map(|time| time.as_millis() as u64),
                    "is_ignored": sharer.is_ignored,
                })).collect::<Vec<_>>(),
                "largest": share.largest.iter().map(|key| json!({
                    "name": &*key.name,
                    "nodes": key.nodes.iter().map(|(id, count)| json!([id.name.as_str(), count])).collect::<Vec<_>>(),
                })).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn members(cluster: &Cluster) -> Vec<Value> {
    let members = cluster.members();
    members
        .iter()
        .map(|member| {
            json!({
                "name": member.id.name.as_str(),
                "id": member.id.to_string(),
                "address": &*member.address,
                "state": format!("{:?}", member.state).to_lowercase(),
                "unreachable": member.unreachable.as_ref().map(|doubt| json!({
                    "by": doubt.by.as_str(),
                    "since_ms": doubt.since.elapsed().as_millis() as u64,
                })),
                "version": member.profile.version,
                "roles": member.profile.roles,
            })
        })
        .collect()
}
