//! Promises about the look at the tree from outside.

use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{ChildInfo, ChildState, Strategy, Supervisor};

use crate::support::{Do, Gate, Journal, Script, pass, settle};

fn line(child: &ChildInfo) -> String {
    let ChildInfo { state, restarts, .. } = child;
    let failure = child.last_failure.as_ref().map_or("", |failure| failure.message());
    let (name, messages) = (child.path.name(), child.mailbox_messages);
    format!("{name}: {state}, {restarts} restarts, {messages} messages, {failure:?}")
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_shows_each_living_actor_with_its_state_and_its_children() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let wait = Duration::from_secs(8);
    let [a, b, c] = ["a", "b", "c"].map(|name| Script::new(name, &journal).spec());
    let supervisor = Supervisor::rest_for_one()
        .child(a)
        .child(b.backoff(Backoff::new(wait, wait).jitter(0.0)))
        .child(c);
    let house = system.start(supervisor.named("house")).await?;
    let children = [
        house.child("a").await?,
        house.child("b").await?,
        house.child("c").await?,
    ];
    let [a, b, c]: [Handle<Do>; 3] = children;
    let gate = Gate::new();
    a.tell(Do::Wait(gate.clone())).await?;
    a.tell(Do::Nothing).await?;
    gate.reached().await;
    b.tell(Do::Fail("on purpose")).await?;
    pass(Duration::from_secs(3)).await;
    let shown = |system: &System| {
        let tree = system.snapshot();
        assert_eq!((tree.len(), tree[0].path.name()), (1, "house"));
        assert_eq!(
            (tree[0].strategy, tree[0].children[0].strategy),
            (Some(Strategy::RestForOne), None)
        );
        tree[0].children.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&system),
        [
            r#"a: running, 0 restarts, 2 messages, """#,
            r#"b: back-off, 5.0 s, 0 restarts, 0 messages, "on purpose""#,
            r#"c: regrouping, 0 restarts, 0 messages, """#,
        ]
    );
    pass(Duration::from_secs(5)).await;
    drop(a.stop());
    assert_eq!(
        shown(&system),
        [
            r#"a: stopping, 0 restarts, 2 messages, """#,
            r#"b: running, 1 restarts, 0 messages, "on purpose""#,
            r#"c: running, 1 restarts, 0 messages, """#,
        ]
    );
    gate.open();
    settle().await;
    let _ = c.kill().await;
    settle().await;
    assert_eq!(
        shown(&system),
        [
            r#"b: running, 1 restarts, 0 messages, "on purpose""#,
            r#"c: running, 2 restarts, 0 messages, "was killed""#,
        ]
    );
    assert!(matches!(system.snapshot()[0].state, ChildState::Running));
    system.shutdown().await;
    assert!(system.snapshot().is_empty());
    Ok(())
}
