//! Promises about the look at the tree from outside.

mod crowd;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{Activity, ChildInfo, ChildState, Inspector, Strategy, Supervisor};

use crate::support::{Do, Gate, Journal, Script, Subject, pass, settle, with};

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

fn names(actors: &[ChildInfo]) -> Vec<&str> {
    actors.iter().map(|actor| actor.path.name()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_look_shows_what_an_actor_does_for_whom_it_waits_and_since_when() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let [asking, slow, idle] =
        ["asking", "slow", "idle"].map(|name| system.spawn_spec(Script::new(name, &journal).spec()));
    let (asking, slow, idle) = (asking?, slow?, idle?);
    let (gate, (reply, _answer)) = (Gate::new(), Reply::pair());
    slow.tell(Do::Wait(gate.clone())).await?;
    asking.tell(Do::AskOther(slow.clone(), reply)).await?;
    slow.tell(Do::Nothing).await?;
    gate.reached().await;
    let mut inspector = system.inspector();
    let first = inspector.overview(5);
    assert!(first.worst.by_wait.is_empty(), "nobody has looked before");
    pass(Duration::from_secs(3)).await;
    let seen = inspector.overview(5);
    assert_eq!(
        (
            seen.totals.living,
            seen.totals.idle,
            seen.totals.waiting,
            seen.totals.messages
        ),
        (3, 1, 2, 4)
    );
    assert_eq!(names(&seen.worst.by_wait), ["asking", "slow"]);
    let [asks, waits] = &seen.worst.by_wait[..] else {
        panic!("two wait")
    };
    assert_eq!(asks.waits_for, [slow.path().clone()]);
    assert_eq!(seen.waits, [(asking.path().clone(), vec![slow.path().clone()])]);
    assert_eq!((asks.activity, waits.activity), (Activity::Waiting, Activity::Waiting));
    for actor in [asks, waits] {
        assert!(
            actor.lasts >= Duration::from_secs(3) && actor.oldest >= Duration::from_secs(3),
            "{actor:?}"
        );
    }
    let quiet = inspector.actor(&idle.path().to_string()).expect("it lives").info;
    assert_eq!((quiet.activity, quiet.waits_for.len()), (Activity::Idle, 0));
    assert!(quiet.lasts >= Duration::from_secs(3));
    gate.open();
    settle().await;
    let seen = inspector.overview(5);
    assert_eq!(
        (seen.totals.idle, seen.totals.messages, seen.totals.finished),
        (3, 0, 4)
    );
    assert!(seen.worst.by_wait.is_empty() && seen.waits.is_empty());
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_age_of_a_message_is_known_though_its_actor_goes_on() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let busy = system.spawn_spec(Script::new("busy", &journal).spec())?;
    let gates: Vec<Gate> = (0..5).map(|_| Gate::new()).collect();
    for gate in &gates {
        busy.tell(Do::Wait(gate.clone())).await?;
    }
    let mut inspector = system.inspector();
    inspector.overview(1);
    for gate in &gates[..4] {
        pass(Duration::from_secs(1)).await;
        gate.open();
    }
    settle().await;
    let oldest = inspector.overview(1).worst.by_mailbox[0].oldest;
    assert!(
        oldest >= Duration::from_secs(4),
        "the last of five waited from the beginning: {oldest:?}"
    );
    busy.tell(Do::Nothing).await?;
    gates[4].open();
    settle().await;
    assert!(inspector.overview(1).worst.by_mailbox.is_empty());
    system.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_computes_without_awaiting_is_seen_at_work() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let busy = system.spawn_spec(Script::new("busy", &journal).spec())?;
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let deed = move |_: &mut Context<Do>| {
        let _ = begun.send(());
        let _ = wait.recv();
    };
    busy.tell(with(deed)).await?;
    has_begun.await?;
    let info = system.inspector().actor("/test/busy").expect("it lives").info;
    assert_eq!((info.activity, info.mailbox_messages), (Activity::Busy, 1));
    drop(let_go);
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_between_looks_that_are_far_apart_is_not_known() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let slow = system.spawn_spec(Script::new("slow", &journal).spec())?;
    let gate = Gate::new();
    slow.tell(Do::Wait(gate.clone())).await?;
    gate.reached().await;
    let mut inspector = system.inspector();
    inspector.overview(1);
    pass(Inspector::ATTENTION + Duration::from_secs(1)).await;
    assert!(inspector.overview(1).worst.by_wait.is_empty());
    pass(Duration::from_secs(2)).await;
    let lasts = inspector.overview(1).worst.by_wait[0].lasts;
    assert_eq!(lasts.as_secs(), 2);
    gate.open();
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_many_actors_one_sees_as_many_as_one_asks_for() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let house = system.spawn_spec(Script::new("house", &journal).spec())?;
    let quiet = Journal::default();
    let fill = move |ctx: &mut Context<Do>| {
        for n in 0..1000 {
            let name = format!("child {n:03}");
            let script = Script::new("child", &quiet);
            ctx.spawn(ChildSpec::new(name, move || Subject::new(&script)))
                .expect("a free name");
        }
    };
    house.tell(with(fill)).await?;
    settle().await;
    let mut inspector = system.inspector();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = inspector.children("/test/house", after, 300).expect("it has children");
        assert!(page.actors.len() <= 300);
        seen.extend(page.actors.iter().map(|child| child.path.name().to_owned()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..1000).map(|n| format!("child {n:03}")).collect::<Vec<_>>());
    let top = inspector.children("/test", None, 10).expect("the system");
    assert_eq!(
        (top.actors[0].child_count, top.actors[0].children.len(), top.next),
        (1000, 0, None)
    );
    let found = inspector.find("child 99", 0, 4);
    assert_eq!(
        names(&found.actors),
        ["child 990", "child 991", "child 992", "child 993"]
    );
    let rest = inspector.find("child 99", found.next.expect("there are more") as usize, 10);
    assert_eq!((rest.actors.len(), rest.next), (6, None));
    assert_eq!(inspector.overview(3).totals.living, 1001);
    assert!(inspector.children("/test/nobody", None, 1).is_none() && inspector.children("/other", None, 1).is_none());
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_actor_is_shown_with_its_past_its_names_and_those_who_watch_it() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let house = system.spawn_spec(Script::new("house", &journal).spec())?;
    let (spec, made) = (Script::new("room", &journal).spec(), Arc::new(Mutex::new(None)));
    let place = made.clone();
    house
        .tell(with(move |ctx| {
            let room = ctx.spawn(spec).expect("a free name");
            ctx.watch(&room);
            *place.lock().expect("nobody panics") = Some(room);
        }))
        .await?;
    settle().await;
    let room: Handle<Do> = made.lock().expect("nobody panics").take().expect("it was spawned");
    system.registry().register("lobby", &room)?;
    system.group::<Do>("rooms")?.join(&room);
    let _ending = room.watch();
    room.tell(Do::Fail("first")).await?;
    pass(Duration::from_secs(2)).await;
    room.tell(Do::Panic("second")).await?;
    pass(Duration::from_secs(1)).await;
    let inspector = system.inspector();
    let seen = inspector.actor("/test/house/room").expect("it lives");
    assert_eq!(
        (seen.names, seen.groups),
        (vec!["lobby".to_owned()], vec!["rooms".to_owned()])
    );
    assert_eq!((seen.watched_by, seen.watchers), (2, vec![house.path().clone()]));
    assert_eq!((seen.info.restarts, seen.info.failures, seen.info.accepted), (2, 2, 2));
    let exits: Vec<String> = seen
        .exits
        .iter()
        .map(|exit| format!("{}: {}", exit.ago.as_secs(), exit.reason))
        .collect();
    assert_eq!(
        exits,
        [
            "1: failed: /test/house/room panicked: second",
            "3: failed: /test/house/room first"
        ]
    );
    let budget = inspector
        .actor("/test/house")
        .expect("it lives")
        .info
        .budget
        .expect("it has children");
    assert_eq!((budget.left, budget.limit), (1, 3));
    pass(Duration::from_secs(5)).await;
    let budget = inspector
        .actor("/test/house")
        .expect("it lives")
        .info
        .budget
        .expect("it has children");
    assert_eq!(budget.left, 3);
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_actor_is_stopped_killed_or_made_to_fail_by_its_path_and_id() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let room = system.spawn_spec(Script::new("room", &journal).spec())?;
    settle().await;
    let inspector = system.inspector();
    assert!(inspector.fail("/test/room", room.id(), "told to"));
    settle().await;
    assert_eq!(
        journal.take(),
        ["room started", "room stops after a failure", "room started"]
    );
    let seen = inspector.actor("/test/room").expect("it was restarted");
    assert_eq!(seen.info.last_failure.expect("it failed").message(), "told to");
    assert!(inspector.kill("/test/room", room.id()));
    settle().await;
    assert_eq!(journal.take(), ["room started"]);
    let other = system.spawn_spec(Script::new("other", &journal).spec())?;
    assert!(!inspector.stop("/test/room", other.id()), "that is another");
    assert!(inspector.stop("/test/room", room.id()));
    settle().await;
    assert!(inspector.actor("/test/room").is_none() && !inspector.stop("/test/room", room.id()));
    system.shutdown().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_seen_closely_shows_each_message_that_it_handles_for_a_while() -> ActorResult {
    let (system, journal) = (System::new("test"), Journal::default());
    let actor = system.spawn_spec(Script::new("a", &journal).spec())?;
    let inspector = system.inspector();
    let time = Duration::from_secs(10);
    let other = system.spawn_spec(Script::new("b", &journal).spec())?;
    assert!(
        inspector.close_up("/test/a", other.id(), time).is_none(),
        "it is another"
    );
    actor.tell(Do::Nothing).await?;
    settle().await;
    let for_ever = inspector.close_up("/test/a", actor.id(), Duration::MAX);
    assert!(for_ever.is_some(), "it lives, and a day is taken for that");
    let seen = inspector.close_up("/test/a", actor.id(), time).expect("it lives");
    let gate = Gate::new();
    actor.tell(Do::Wait(gate.clone())).await?;
    gate.reached().await;
    pass(Duration::from_secs(2)).await;
    let (kind, lasts) = seen.read().in_hand.expect("it waits");
    assert_eq!((&*kind, lasts.as_secs()), ("variant 3", 2));
    gate.open();
    assert!(actor.ask(Do::FailOn).await.is_err());
    settle().await;
    let footage = seen.read();
    let last: Vec<_> = footage
        .last
        .iter()
        .map(|one| (&*one.kind, one.asked, one.took.as_secs()))
        .collect();
    assert_eq!(last, [("variant 7", true, 0), ("variant 3", false, 2)]);
    assert_eq!(footage.last[0].failure.as_deref(), Some("with a question in hand"));
    let kinds: Vec<_> = footage
        .kinds
        .iter()
        .map(|one| (one.handled, one.failed, one.took.as_secs()))
        .collect();
    assert_eq!(kinds, [(1, 0, 2), (1, 1, 0)]);
    pass(time).await;
    actor.tell(Do::Nothing).await?;
    settle().await;
    assert_eq!(
        (seen.read().last.len(), seen.read().left),
        (2, Duration::ZERO),
        "it is over"
    );
    system.shutdown().await;
    Ok(())
}
