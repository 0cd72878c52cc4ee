//! Groups on a bad network: every node knows in the end who has members in which.

use super::*;
use crate::share::bad_network::{BadNetwork, TIMING, for_seeds, node_id, nodes_of};

fn interests(id: NodeId) -> Interests {
    Interests::new(Exchange::new(id, TIMING))
}

fn view(interests: &Interests, group: &str) -> BTreeMap<NodeId, u32> {
    interests
        .nodes(group)
        .map(|(id, members, _)| (id.clone(), members))
        .collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "nothing here depends on the time")]
fn a_group_is_there_for_as_long_as_it_has_members() {
    let me = node_id("a", 1);
    let mut interests = interests(me.clone());
    let now = Instant::now();
    for members in [1, 3, 3, 2] {
        interests.set("lobby", members, 1);
        interests.settle(now);
        assert_eq!(view(&interests, "lobby"), [(me.clone(), members)].into());
    }
    assert_eq!(interests.take_changed().len(), 1);
    let version = interests.exchange.version();
    interests.set("lobby", 2, 1);
    assert_eq!(
        interests.exchange.version(),
        version,
        "what has not changed is not said again"
    );
    interests.set("lobby", 2, 2);
    assert!(interests.exchange.version() > version, "another gate");
    interests.settle(now);
    interests.set("lobby", 0, 2);
    interests.settle(now);
    assert_eq!((interests.len(), interests.take_changed().len()), (0, 1));
}

#[test]
fn whatever_goes_wrong_all_know_the_same_groups_in_the_end() {
    for_seeds(2_000, |seed| {
        let nodes = nodes_of(seed);
        let mut network = BadNetwork::new(seed, nodes, interests);
        let mut truth: BTreeMap<(NodeId, String), u32> = BTreeMap::new();
        for _ in 0..120 {
            let place = network.chance.usize(..nodes);
            let id = network.fellows[place].id.clone();
            match network.chance.u8(..10) {
                0..8 => {
                    let (group, members) = (format!("g{}", network.chance.u8(..6)), network.chance.u32(..4));
                    network.at(place, |interests, _| interests.set(&group, members, 1));
                    truth.insert((id, group), members);
                }
                8 => network.trouble(),
                _ => {}
            }
            network.step();
        }
        network.repair();
        let living: Vec<NodeId> = network.fellows.iter().map(|fellow| fellow.id.clone()).collect();
        truth.retain(|(id, _), members| living.contains(id) && *members > 0);
        let groups: BTreeSet<&str> = truth.keys().map(|(_, group)| group.as_str()).collect();
        for fellow in &network.fellows {
            assert_eq!(fellow.service.len(), groups.len(), "at {}", fellow.id);
            for group in &groups {
                let of_it = truth.iter().filter(|((_, of), _)| of == group);
                let expected = of_it.map(|((id, _), members)| (id.clone(), *members)).collect();
                assert_eq!(view(&fellow.service, group), expected, "{group} at {}", fellow.id);
            }
        }
    });
}
