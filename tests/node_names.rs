//! Promises about names that one actor of a whole network has.
//!
//! `NODE_SEEDS=100000` runs as many seeds of the last one; `NODE_SEED=17` runs that one alone.

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::names::{CLAIM_BYTES_MAX, Claim, ClaimError, Names, NamesConfig};
use actor_net::{ExposeError, LookupError, Node};
use actor_testkit::{Probe, SimulatedNetwork, pass};

use crate::seeds;
use crate::trio::{self, LONG, NAMES};

struct Site {
    _system: System,
    node: Node,
    names: Names,
    /// Whom names are claimed for.
    probe: Probe<String>,
}

async fn site(network: &SimulatedNetwork, name: &str) -> Site {
    let system = System::new(name);
    let node = trio::node(network, &system, name).await;
    let names = Names::open(&node, NamesConfig::default()).expect("it is the first");
    let probe = Probe::spawn(&system, "probe");
    Site {
        _system: system,
        node,
        names,
        probe,
    }
}

async fn connect(sites: &[Site]) {
    trio::connect(sites.iter().map(|site| &site.node)).await;
}

async fn three() -> (SimulatedNetwork, Vec<Site>) {
    let network = SimulatedNetwork::seeded(1);
    let sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    (network, sites)
}

impl Site {
    async fn claim(&self, name: &str) -> Result<Claim, ClaimError> {
        self.names.claim(name, &self.probe.handle()).await
    }

    fn holder(&self, name: &str) -> Option<String> {
        self.names.holder(name).map(|id| id.name.to_string())
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_leads_to_its_actor_from_every_node() {
    let (_network, mut sites) = three().await;
    let claim = sites[1].claim("ann").await.expect("it is free");
    for from in 0..3 {
        let ann = sites[from].names.lookup::<String>("ann").await.expect("she has it");
        let words = format!("from {from}");
        ann.tell(words.clone()).await.expect("she lives");
        assert_eq!(sites[1].probe.expect().await, words);
        let other = sites[from].names.lookup::<u64>("ann").await;
        assert!(matches!(other, Err(LookupError::OtherProtocol(_))), "{other:?}");
        assert_eq!(
            sites[from].names.lookup::<String>("bob").await.err(),
            Some(LookupError::NotFound)
        );
    }
    assert_eq!(claim.name(), "ann");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_held_is_refused_everywhere_and_free_when_it_is_given_up() {
    let (_network, sites) = three().await;
    let claim = sites[0].claim("ann").await.expect("it is free");
    for site in &sites {
        let refused = site.claim("ann").await.err();
        assert_eq!(refused, Some(ClaimError::Taken(sites[0].node.id().clone())));
    }
    drop(claim);
    pass(Duration::from_millis(100)).await;
    let _again = sites[2].claim("ann").await.expect("it is free again");
    assert_eq!(sites[0].holder("ann").as_deref(), Some("c"));
    let long = "n".repeat(CLAIM_BYTES_MAX + 1);
    assert_eq!(sites[0].claim(&long).await.err(), Some(ClaimError::TooLong));
    let twice = Names::open(&sites[0].node, NamesConfig::default());
    assert!(matches!(twice, Err(ExposeError::NameTaken(_))));
    sites[0].node.leave().await;
    assert_eq!(sites[0].claim("bob").await.err(), Some(ClaimError::Left));
}

#[tokio::test(start_paused = true)]
async fn of_claims_at_the_same_time_one_is_granted_where_all_nodes_can_be_reached() {
    let (_network, sites) = three().await;
    for round in 0..50 {
        let name = format!("n{round}");
        let claims = tokio::join!(sites[0].claim(&name), sites[1].claim(&name), sites[2].claim(&name));
        let granted = [claims.0, claims.1, claims.2].into_iter().filter_map(Result::ok);
        assert_eq!(granted.count(), 1, "of {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_two_halves_meet_again_the_earlier_claim_stays_and_the_other_is_told() {
    let (network, mut sites) = three().await;
    network.partition(&["c"], &["a", "b"]);
    pass(LONG).await;
    let _early = sites[2].claim("ann").await.expect("nobody else is there");
    pass(Duration::from_secs(1)).await;
    let late = sites[0].claim("ann").await.expect("nobody knows of another");
    let lost = tokio::spawn(late.lost());
    assert_eq!(sites[1].holder("ann").as_deref(), Some("a"));
    network.repair();
    let lost = lost.await.expect("no panic");
    assert_eq!((&*lost.name, lost.to.name.as_str()), ("ann", "c"));
    pass(LONG).await;
    assert!(sites.iter().all(|site| site.holder("ann").as_deref() == Some("c")));
    drop(late);
    pass(LONG).await;
    let ann = sites[1].names.lookup::<String>("ann").await.expect("she has it");
    ann.tell("still".to_owned()).await.expect("she lives");
    assert_eq!(sites[2].probe.expect().await, "still");
}

#[tokio::test(start_paused = true)]
async fn the_names_of_a_lost_node_are_free_after_its_grace_and_those_of_one_that_leaves_at_once() {
    let (network, mut sites) = three().await;
    let _ann = sites[2].claim("ann").await.expect("it is free");
    let _bob = sites[1].claim("bob").await.expect("it is free");
    let lost = sites.remove(2);
    network.cut("a", "c");
    network.cut("b", "c");
    network.crash(lost.node);
    pass(Duration::from_secs(4)).await;
    assert!(matches!(sites[0].claim("ann").await, Err(ClaimError::Taken(_))));
    pass(Duration::from_secs(2)).await;
    let _again = sites[0].claim("ann").await.expect("it is free again");
    sites[1].node.leave().await;
    pass(Duration::from_millis(10)).await;
    let _again = sites[0].claim("bob").await.expect("it is free again");
}

async fn run(seed: u64) {
    let network = SimulatedNetwork::seeded(seed);
    let mut sites = trio::for_each(|name| site(&network, name)).await;
    connect(&sites).await;
    let mut claims: Vec<Vec<(Claim, tokio::task::JoinHandle<()>)>> = NAMES.iter().map(|_| Vec::new()).collect();
    for _ in 0..60 {
        let at = network.chance(3);
        match network.chance(12) {
            0 => network.trouble(),
            1 => network.repair(),
            2 => {
                claims[at].clear();
                let old = sites.remove(at);
                network.crash(old.node);
                sites.insert(at, site(&network, NAMES[at]).await);
                connect(&sites).await;
            }
            3 => pass(Duration::from_millis(network.chance(15_000) as u64)).await,
            4 if !claims[at].is_empty() => {
                let which = network.chance(claims[at].len());
                drop(claims[at].swap_remove(which));
            }
            _ => {
                if let Ok(claim) = sites[at].claim(&format!("n{}", network.chance(8))).await {
                    let lost = claim.lost();
                    claims[at].push((claim, tokio::spawn(async move { drop(lost.await) })));
                }
            }
        }
        pass(Duration::from_millis(network.chance(300) as u64)).await;
    }
    network.repair();
    pass(LONG).await;
    connect(&sites).await;
    pass(LONG).await;
    let mut holders: BTreeMap<String, String> = BTreeMap::new();
    for (site, claims) in sites.iter().zip(&claims) {
        for (claim, _) in claims.iter().filter(|(_, lost)| !lost.is_finished()) {
            let before = holders.insert(claim.name().to_owned(), site.node.id().name.to_string());
            assert_eq!(before, None, "NODE_SEED={seed}: {} has two holders", claim.name());
        }
    }
    for site in &sites {
        assert_eq!(
            site.names.len(),
            holders.len(),
            "NODE_SEED={seed}: at {}",
            site.node.id()
        );
        for (name, holder) in &holders {
            assert_eq!(
                site.holder(name).as_ref(),
                Some(holder),
                "NODE_SEED={seed}: {name} at {}",
                site.node.id()
            );
            let found = site.names.lookup::<String>(name).await;
            let found = found.unwrap_or_else(|why| panic!("NODE_SEED={seed}: {name} from {}: {why}", site.node.id()));
            assert!(found.is_alive());
        }
    }
}

#[test]
fn whatever_goes_wrong_no_two_holders_of_a_name_are_left() {
    seeds::each("NODE", 30, |seed| trio::on_paused_clock(run(seed)));
}
