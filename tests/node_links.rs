//! Promises about links between actors on different nodes: shared fate, for as long as the nodes are connected.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{ExitReason, FailureKind};
use actor_testkit::pass;

use crate::sites::{Listener, Say, Site, Sites, in_each_codec, listener};
use crate::support::{Gate, Journal};

const LONG: Duration = Duration::from_secs(30);

/// An actor whose first end is its last, and which others may give orders.
fn friend(at: &Site, name: &'static str) -> (Handle<Say>, Journal) {
    let (journal, gate) = (Journal::default(), Gate::new());
    let notes = journal.clone();
    let spec = ChildSpec::new(name, move || Listener::new(&notes, &gate)).restart(RestartPolicy::Temporary);
    let friend = at.system.spawn_spec(spec).expect("the name is free");
    at.node.expose_with_orders(name, &friend).expect("the name is free");
    (friend, journal)
}

/// Two actors at two nodes, the first of which has linked itself to the second; where it `traps`, both trap their links.
struct Linked {
    a: Handle<Say>,
    b: Handle<Say>,
    far: Handle<Say>,
    notes: (Journal, Journal),
}

async fn linked(sites: &Sites, traps: bool) -> Linked {
    let ((a, of_a), (b, of_b)) = (friend(&sites.a, "ann"), friend(&sites.b, "bob"));
    let far = sites.a.node.lookup::<Say>("bob@b").await.expect("it is exposed");
    if traps {
        let (other, ..) = listener(&sites.b.system, "other");
        b.tell(Say::Link(other, true)).await.expect("it lives");
    }
    a.tell(Say::Link(far.clone(), traps)).await.expect("it lives");
    pass(Duration::from_secs(1)).await;
    let notes = (of_a, of_b);
    Linked { a, b, far, notes }
}

/// Nothing of any link is left.
fn nothing_is_left(sites: &Sites) {
    assert_eq!((sites.a.node.holdings().links, sites.b.node.holdings().links), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_passed_on_between_nodes_in_both_directions_with_its_cause() {
    for first_fails in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, b, .. } = linked(&sites, false).await;
            assert_eq!((sites.a.node.holdings().links, sites.b.node.holdings().links), (1, 1));
            let ((fails, falls), names) = if first_fails {
                ((a, b), ("/b/bob", "/a/ann@a"))
            } else {
                ((b, a), ("/a/ann", "/b/bob@b"))
            };
            let watch = falls.watch();
            fails.tell(Say::Break).await.expect("it lives");
            let ExitReason::Failed(failure) = watch.await.reason else {
                panic!("it falls with the other")
            };
            assert_eq!(failure.kind(), FailureKind::Linked);
            assert_eq!(failure.path().to_string(), names.0);
            let cause = failure.first_cause();
            assert_eq!(
                (cause.path().to_string().as_str(), cause.message()),
                (names.1, "on purpose")
            );
            pass(LONG).await;
            nothing_is_left(&sites);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_in_order_breaks_a_link_between_nodes_without_harm() {
    for first_ends in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, b, .. } = linked(&sites, false).await;
            let (ends, stays) = if first_ends { (a, b) } else { (b, a) };
            let _ = ends.stop().await;
            pass(LONG).await;
            assert_eq!(stays.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
            nothing_is_left(&sites);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_passed_on_between_nodes_to_a_handler_that_waits() {
    in_each_codec(async |sites: Sites| {
        let Linked { a, far, .. } = linked(&sites, false).await;
        let watch = a.watch();
        let asked = a.clone();
        let waits = tokio::spawn(async move { asked.ask(Say::Wait).no_timeout().await });
        pass(Duration::from_secs(1)).await;
        assert!(matches!(far.kill().await, Ok(ExitReason::Killed)));
        assert!(matches!(watch.await.reason, ExitReason::Failed(failure) if failure.kind() == FailureKind::Linked));
        assert_eq!(waits.await.expect("no panic"), Err(AskError::Failed));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_that_traps_its_links_is_told_once_of_an_end_at_another_node() {
    for first_ends in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, b, notes, .. } = linked(&sites, true).await;
            let (ends, stays, told, expected) = match first_ends {
                true => (a, b, notes.1, "its link to /a/ann@a broke: failed: /a/ann@a on purpose"),
                false => (b, a, notes.0, "its link to /b/bob@b broke: failed: /b/bob@b on purpose"),
            };
            ends.tell(Say::Break).await.expect("it lives");
            pass(LONG).await;
            sites.network.cut("a", "b");
            pass(LONG).await;
            assert_eq!(told.take(), [expected]);
            assert_eq!(stays.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_told_of_a_broken_link_knows_the_other_by_its_handle() {
    for is_lost in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, far, notes, .. } = linked(&sites, true).await;
            // The one that was linked to is given a handle to the other only now.
            far.tell(Say::Know(a.clone())).await.expect("it lives");
            a.tell(Say::Know(far)).await.expect("it lives");
            pass(Duration::from_secs(1)).await;
            if is_lost {
                sites.network.cut("a", "b");
                pass(LONG).await;
                assert_eq!(notes.0.take().last().map(String::as_str), Some("it knew that one"));
            } else {
                a.tell(Say::Break).await.expect("it lives");
                pass(LONG).await;
            }
            assert_eq!(notes.1.take().last().map(String::as_str), Some("it knew that one"));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_breaks_a_link_at_both_ends() {
    for traps in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, b, notes, .. } = linked(&sites, traps).await;
            let watches = (a.watch(), b.watch());
            sites.network.cut("a", "b");
            pass(LONG).await;
            nothing_is_left(&sites);
            if traps {
                assert_eq!(notes.0.take(), ["its link to /b/bob@b broke: was lost with its node"]);
                assert_eq!(notes.1.take(), ["its link to /a/ann@a broke: was lost with its node"]);
                assert_eq!(a.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
                assert_eq!(b.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
                // The link was of that connection: in the next one an end is nothing to the other.
                b.tell(Say::Break).await.expect("it lives");
                pass(LONG).await;
                assert_eq!(notes.0.take(), ["echo 1"]);
            } else {
                for watch in [watches.0, watches.1] {
                    let ExitReason::Failed(failure) = watch.await.reason else {
                        panic!("it falls with the connection")
                    };
                    assert_eq!(failure.kind(), FailureKind::Linked);
                    assert_eq!(failure.first_cause().message(), "was lost with its node");
                }
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_or_starts_again_breaks_its_links() {
    for leaves in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { notes, .. } = linked(&sites, true).await;
            let Sites { network, a, b, .. } = sites;
            if leaves {
                a.node.leave().await;
            } else {
                a.crash(&network);
            }
            pass(LONG).await;
            assert_eq!(notes.1.take(), ["its link to /a/ann@a broke: was lost with its node"]);
            assert_eq!(b.node.holdings().links, 0);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_between_nodes_that_is_taken_away_passes_nothing_on() {
    for first_fails in [true, false] {
        in_each_codec(async |sites: Sites| {
            let Linked { a, b, notes, .. } = linked(&sites, false).await;
            a.tell(Say::Unlink).await.expect("it lives");
            a.tell(Say::Unlink).await.expect("it lives");
            pass(LONG).await;
            nothing_is_left(&sites);
            assert_eq!(notes.0.take(), ["unlinked: true", "unlinked: false"]);
            let (fails, stays) = if first_fails { (a, b) } else { (b, a) };
            fails.tell(Say::Break).await.expect("it lives");
            pass(LONG).await;
            assert_eq!(stays.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_between_nodes_is_of_two_lives() {
    in_each_codec(async |sites: Sites| {
        // Both are restarted when they fail.
        let (b, of_b, _) = listener(&sites.b.system, "bob");
        sites.b.node.expose_with_orders("bob", &b).expect("the name is free");
        let far = sites.a.node.lookup::<Say>("bob@b").await.expect("it is exposed");
        let a = sites.a.listener.clone();
        for trap in [true, false] {
            a.tell(Say::Link(far.clone(), trap)).await.expect("it lives");
            pass(LONG).await;
            b.tell(Say::Break).await.expect("it lives");
            pass(LONG).await;
            nothing_is_left(&sites);
            b.tell(Say::Break).await.expect("it lives");
            pass(LONG).await;
        }
        let broken = "its link to /b/bob@b broke: failed: /b/bob@b on purpose";
        assert_eq!(sites.a.journal.take(), [broken], "the second life was not linked");
        assert_eq!(a.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        assert_eq!(far.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
        assert_eq!(of_b.take(), ["echo 1"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_links_to_what_takes_no_orders_from_other_nodes() {
    in_each_codec(async |sites: Sites| {
        let (a, of_a) = friend(&sites.a, "ann");
        let far = sites.a.far("b").await;
        a.tell(Say::Link(far.clone(), true)).await.expect("it lives");
        pass(LONG).await;
        nothing_is_left(&sites);
        let told = of_a.take();
        assert!(
            told.len() == 1 && told[0].contains("its node lets nobody give it orders"),
            "{told:?}"
        );
        let watch = a.watch();
        a.tell(Say::Link(far, false)).await.expect("it lives");
        assert!(matches!(watch.await.reason, ExitReason::Failed(failure) if failure.kind() == FailureKind::Linked));
        pass(LONG).await;
        assert_eq!(sites.b.listener.ask(|reply| Say::Echo(1, reply)).await, Ok(1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_link_to_one_of_another_node_that_has_ended_is_broken_at_once() {
    in_each_codec(async |sites: Sites| {
        let ((a, of_a), (b, _)) = (friend(&sites.a, "ann"), friend(&sites.b, "bob"));
        let far = sites.a.node.lookup::<Say>("bob@b").await.expect("it is exposed");
        pass(LONG).await;
        b.tell(Say::Break).await.expect("it lives");
        far.watch().await;
        a.tell(Say::Link(far, true)).await.expect("it lives");
        pass(LONG).await;
        assert_eq!(of_a.take(), ["its link to /b/bob@b broke: failed: /b/bob@b on purpose"]);
        nothing_is_left(&sites);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_made_without_a_connection_waits_for_the_next_try() {
    for comes_back in [true, false] {
        in_each_codec(async |sites: Sites| {
            let ((a, of_a), (b, of_b)) = (friend(&sites.a, "ann"), friend(&sites.b, "bob"));
            let far = sites.a.node.lookup::<Say>("bob@b").await.expect("it is exposed");
            sites.network.partition(&["a"], &["b"]);
            far.watch().await;
            if comes_back {
                sites.network.repair();
            }
            a.tell(Say::Link(far, true)).await.expect("it lives");
            pass(LONG).await;
            if comes_back {
                assert_eq!(sites.b.node.holdings().links, 1);
                b.tell(Say::Break).await.expect("it lives");
                pass(LONG).await;
                assert_eq!(of_a.take(), ["its link to /b/bob@b broke: failed: /b/bob@b on purpose"]);
            } else {
                assert_eq!(of_a.take(), ["its link to /b/bob@b broke: was lost with its node"]);
                nothing_is_left(&sites);
            }
            assert_eq!(of_b.take(), [""; 0]);
        })
        .await;
    }
}
