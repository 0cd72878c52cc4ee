//! What many memberships take, printed: `NODE_FIGURES=1 cargo test -p promises -- node_groups::figures --nocapture` has a million of them,
//! and a tenth are enough without that word.

use std::time::Instant;

use actor_core::prelude::*;
use actor_testkit::{pass, settle};

use crate::trio::{self, LONG};

use super::{Site, three};

struct Silent;

impl Actor for Silent {
    type Msg = u64;

    async fn handle(&mut self, _msg: u64, _ctx: &mut Context<u64>) -> ActorResult {
        Ok(())
    }
}

/// At each node.
struct Size {
    groups: usize,
    actors: usize,
    /// In so many groups is each.
    rooms: usize,
}

/// Every actor is in the groups that follow its number.
async fn join_all(site: &Site, size: &Size) {
    let mut members = Vec::new();
    for number in 0..size.actors {
        let member = site.system.spawn(format!("m{number}"), || Silent);
        members.push(member.expect("the name is free"));
    }
    for room in 0..size.groups {
        let group = site.groups.group::<u64>(&format!("room:{room:05}")).await;
        let group = group.expect("it means the same everywhere");
        let first = room * size.actors / size.groups;
        let per_group = size.actors * size.rooms / size.groups;
        for member in members.iter().cycle().skip(first).take(per_group) {
            group.join(member);
        }
        if room % 100 == 0 {
            settle().await;
        }
    }
}

#[test]
fn a_tenth_of_a_million_memberships_is_known_everywhere_and_takes_few_bytes() {
    let size = if std::env::var_os("NODE_FIGURES").is_some() {
        Size {
            groups: 4_000,
            actors: 10_000,
            rooms: 34,
        }
    } else {
        Size {
            groups: 400,
            actors: 1_000,
            rooms: 34,
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime on this thread");
    let (_network, sites) = runtime.block_on(three());
    let memberships = 3 * size.groups * (size.actors * size.rooms / size.groups);
    let begun = Instant::now();
    let measured = allocation_counter::measure(|| {
        runtime.block_on(async {
            for site in &sites {
                join_all(site, &size).await;
            }
            pass(LONG).await;
        });
    });
    let bytes = measured.bytes_current / memberships as i64;
    println!(
        "{memberships} memberships in {} groups at 3 nodes: {:?}, {bytes} bytes for each, with its share of {} actors and of what nodes know of each other",
        size.groups,
        begun.elapsed(),
        3 * size.actors,
    );
    assert!(bytes < 1_000, "{bytes} bytes for each");
    let everywhere = memberships / size.groups;
    runtime.block_on(async {
        for site in &sites {
            assert_eq!(site.groups.len(), size.groups);
            let last = site.groups.group::<u64>(&format!("room:{:05}", size.groups - 1)).await;
            let last = last.expect("it means the same everywhere");
            assert_eq!(last.len(), everywhere);
            assert_eq!(last.broadcast(1).nodes.delivered, 2);
        }
        trio::on_its_way().await;
    });
}
