//! Promises about the trace that a message is part of.

mod nosy;
mod tracer;

use std::collections::BTreeMap;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::group::{ClusterGroup, Groups, GroupsConfig};
use actor_net::{Codec, Node, Security};
use actor_testkit::{Probe, SimulatedNetwork, pass, settle};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tracing::{Instrument, info_span};

use nosy::Nosy;
use tracer::{OpenTelemetry, Spans, Tracer};

/// What an actor is told to do, and whom it is to tell what.
#[derive(Serialize, Deserialize)]
enum Errand {
    All(Vec<Errand>),
    Tell(Handle<Errand>, Box<Errand>),
    /// Asks another, in a span of its own.
    Ask(Handle<Errand>),
    Answer(Reply<u64>),
    /// Asks another, which passes the question on.
    PassOn(Handle<Errand>, Reply<u64>),
    /// Does this a moment later.
    Later(Box<Errand>),
    /// Does this every second from now on.
    Often,
    /// Does this after a day.
    Tomorrow,
    /// Tells another, beside its messages, and does nothing then.
    Beside(Handle<Errand>, Box<Errand>),
    /// Tells the group.
    Broadcast(u64),
    /// Has a child, which lives on.
    Spawn,
    Fail,
    Nothing,
}

#[derive(Default)]
struct Runner {
    group: Option<ClusterGroup<u64>>,
}

impl Actor for Runner {
    type Msg = Errand;

    async fn handle(&mut self, msg: Errand, ctx: &mut Context<Errand>) -> ActorResult {
        let mut errands = vec![msg];
        while let Some(errand) = errands.pop() {
            match errand {
                Errand::All(all) => errands.extend(all.into_iter().rev()),
                Errand::Tell(to, then) => to.tell(*then).await?,
                Errand::Ask(to) => {
                    let asking = to.ask(Errand::Answer).instrument(info_span!("asking"));
                    assert_eq!(asking.await?, 7);
                }
                Errand::Answer(reply) => reply.send(7),
                Errand::PassOn(to, reply) => to.tell(Errand::Answer(reply.detach())).await?,
                Errand::Later(then) => drop(ctx.once(Duration::from_millis(10), *then)),
                Errand::Often => drop(ctx.every(Duration::from_secs(1), || Errand::Nothing)),
                Errand::Tomorrow => drop(ctx.once(Duration::from_secs(86_400), Errand::Nothing)),
                Errand::Beside(to, then) => drop(ctx.attach(async move {
                    to.tell(*then).await.expect("it lives");
                    Errand::Nothing
                })),
                Errand::Broadcast(number) => {
                    let group = self.group.as_ref().expect("it has one");
                    assert_eq!(group.broadcast(number).out_of_reach, 0);
                }
                Errand::Spawn => drop(ctx.spawn(ChildSpec::new("child", Runner::default))?),
                Errand::Fail => return Err(ActorError::new("on purpose")),
                Errand::Nothing => {}
            }
        }
        Ok(())
    }
}

fn tell(to: &Handle<Errand>, then: Errand) -> Errand {
    Errand::Tell(to.clone(), Box::new(then))
}

fn runner(system: &System, name: &str) -> Handle<Errand> {
    system.spawn(name, Runner::default).expect("a free name")
}

/// Sends an errand in a span that is open for no longer than that takes.
async fn request(to: &Handle<Errand>, errand: Errand) {
    to.tell(errand)
        .instrument(info_span!("request"))
        .await
        .expect("it lives");
}

/// Has all in a trace been handled in these spans, each by the paths of its actor and of those before it?
fn is_handled(spans: &Spans, ways: &[&str]) {
    assert_eq!(spans.ways("request"), ways);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_asked_attached_or_set_in_a_span_is_handled_in_children_of_it() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let [a, b, c] = ["a", "b", "c"].map(|name| runner(&system, name));
    let later = Errand::Later(Box::new(tell(&c, Errand::Nothing)));
    let beside = Errand::Beside(b.clone(), Box::new(later));
    request(&a, Errand::All(vec![Errand::Ask(b.clone()), beside])).await;
    pass(Duration::from_secs(2)).await;
    // Of no trace.
    a.tell(tell(&b, Errand::Nothing)).await.expect("it lives");
    system.shutdown().await;
    let spans = tracer.read();
    is_handled(
        &spans,
        &[
            "/test/a < /test/a < request",
            "/test/a < request",
            "/test/b < /test/a < request",
            "/test/b < /test/b < /test/a < request",
            "/test/b < asking < /test/a < request",
            "/test/c < /test/b < /test/b < /test/a < request",
            "asking < /test/a < request",
        ],
    );
    let kinds = spans.0.iter().filter(|span| span["name"] == "Runner Errand");
    let kinds: Vec<_> = kinds.map(|span| span["kind"].as_str().unwrap_or_default()).collect();
    let of = |kind| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((of("Consumer"), of("Server")), (5, 1), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn adapters_pools_groups_and_questions_that_are_passed_on_keep_the_trace() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let [a, b] = ["a", "b"].map(|name| runner(&system, name));
    let pool = Pool::round_robin("pool", 2, || ChildSpec::new("worker", Runner::default));
    let pool = system.spawn_spec(pool).expect("a free name");
    let group = Group::new();
    assert!(group.join(&b.map(|(): ()| Errand::Nothing)));
    let asking = async {
        pool.tell(tell(&a, Errand::Nothing)).await.expect("it lives");
        assert_eq!(group.broadcast(()).delivered, 1);
        assert_eq!(a.ask(|reply| Errand::PassOn(b.clone(), reply)).await, Ok(7));
    };
    asking.instrument(info_span!("request")).await;
    settle().await;
    system.shutdown().await;
    is_handled(
        &tracer.read(),
        &[
            "/test/a < /test/pool/worker < request",
            "/test/a < request",
            "/test/b < /test/a < request",
            "/test/b < request",
            "/test/pool/worker < request",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_for_long_is_part_of_no_trace() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let a = runner(&system, "a");
    request(&a, Errand::All(vec![Errand::Often, Errand::Tomorrow, Errand::Spawn])).await;
    pass(Duration::from_secs(10)).await;
    // All that is part of it is told already, though what it has begun goes on.
    is_handled(&tracer.read(), &["/test/a < request"]);
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_sent_in_no_span_opens_none() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let [a, b] = ["a", "b"].map(|name| runner(&system, name));
    a.tell(tell(&b, Errand::Nothing)).await.expect("it lives");
    assert_eq!(b.ask(Errand::Answer).await, Ok(7));
    system.shutdown().await;
    let spans = tracer.read();
    assert!(spans.0.iter().all(|span| span["name"] == "actor"), "{:#?}", spans.0);
}

#[tokio::test]
async fn who_listens_to_traces_may_look_at_the_very_actor_that_is_told() {
    let system = System::new("test");
    let a = runner(&system, "a");
    settle().await;
    let nosy = {
        let to = a.clone();
        // Whether it accepts messages is told by its mailbox.
        Nosy::new(move || drop(format!("{to:?}")))
    };
    let span = info_span!("request");
    span.in_scope(|| a.try_tell(Errand::Nothing)).expect("it lives");
    a.tell(Errand::Nothing).instrument(span).await.expect("it lives");
    assert!(nosy.was_asked() && !nosy.was_held_up());
    drop(nosy);
    system.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_trace_is_seen_closely_as_what_it_is() -> ActorResult {
    let tracer = Tracer::new();
    let system = System::new("test");
    let a = runner(&system, "a");
    settle().await;
    let inspector = system.inspector();
    let seen = inspector.close_up("/test/a", a.id(), Duration::from_secs(10));
    request(&a, Errand::Nothing).await;
    assert_eq!(a.ask(Errand::Answer).instrument(info_span!("asking")).await?, 7);
    settle().await;
    let seen = seen.expect("it lives").read();
    assert_eq!(seen.last.iter().map(|one| one.asked).collect::<Vec<_>>(), [true, false]);
    system.shutdown().await;
    is_handled(&tracer.read(), &["/test/a < request"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_by_its_span_and_the_next_message_has_its_own() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let [a, b] = ["a", "b"].map(|name| runner(&system, name));
    request(&a, Errand::All(vec![tell(&b, Errand::Fail), tell(&b, Errand::Nothing)])).await;
    settle().await;
    system.shutdown().await;
    let spans = tracer.read();
    let ways = [
        "/test/a < request",
        "/test/b < /test/a < request",
        "/test/b < /test/a < request",
    ];
    is_handled(&spans, &ways);
    let failures = spans.0.iter().map(|span| span["failure"].as_str().unwrap_or_default());
    let failures: Vec<_> = failures.filter(|why| !why.is_empty()).collect();
    assert_eq!(failures, ["on purpose"]);
}

#[tokio::test(start_paused = true)]
async fn a_trace_goes_on_in_one_that_is_linked_to_it_after_a_hundred_messages() {
    let tracer = Tracer::new();
    let system = System::new("test");
    let a = runner(&system, "a");
    let errand = (0..250).fold(Errand::Nothing, |then, _| Errand::Later(Box::new(then)));
    request(&a, errand).await;
    pass(Duration::from_secs(300)).await;
    let spans = tracer.read();
    let of = |span: &Value| span["trace"].as_str().unwrap_or_default().to_owned();
    let mut lengths = BTreeMap::new();
    let mut links = Vec::new();
    for span in &spans.0 {
        *lengths.entry(of(span)).or_insert(0) += 1;
        links.extend(span["links"].as_array().cloned().unwrap_or_default());
    }
    let mut lengths: Vec<i32> = lengths.into_values().collect();
    lengths.sort_unstable();
    assert_eq!((lengths, links.len()), (vec![51, 100, 101], 2));
    assert!(
        links
            .iter()
            .all(|link| spans.0.iter().any(|span| span["span"] == *link))
    );
    system.shutdown().await;
}

/// One of two nodes, with its part of a group and a member of that.
struct Site {
    system: System,
    node: Node,
    group: ClusterGroup<u64>,
    member: Probe<u64>,
    _groups: Groups,
}

impl Site {
    async fn new(system: System, node: Node) -> Self {
        let groups = Groups::open(&node, GroupsConfig::default()).expect("it is the first");
        let group = groups
            .group::<u64>("lobby")
            .await
            .expect("it means the same everywhere");
        let member = Probe::spawn(&system, "member");
        assert!(group.join(&member.handle()));
        Self {
            system,
            node,
            group,
            member,
            _groups: groups,
        }
    }
}

/// A request that goes through five actors: it asks one here, and tells one there, which waits and then tells a member on each side.
async fn through_five_actors(a: &mut Site, b: &mut Site) {
    a.node.connect("b", None).await.expect("it is there");
    let mut members = b.group.watch();
    while b.group.nodes().len() < 2 {
        members.next().await;
    }
    let [front, store] = ["front", "store"].map(|name| runner(&a.system, name));
    let group = Some(b.group.clone());
    let desk = b.system.spawn("desk", move || Runner { group: group.clone() });
    b.node.expose("desk", &desk.expect("a free name")).expect("a free name");
    let desk = a.node.lookup::<Errand>("desk@b").await.expect("it is exposed");
    let tells_all = Errand::Later(Box::new(Errand::Broadcast(7)));
    let asks_and_tells = Errand::All(vec![
        Errand::Ask(store),
        Errand::Ask(desk.clone()),
        tell(&desk, tells_all),
    ]);
    request(&front, asks_and_tells).await;
    assert_eq!((a.member.expect().await, b.member.expect().await), (7, 7));
    for site in [a, b] {
        site.system.shutdown().await;
    }
}

fn is_one_trace(spans: &Spans) {
    is_handled(
        spans,
        &[
            "/a/front < request",
            "/a/member < /a/~group < /b/desk < /b/desk < /a/front < request",
            "/a/store < asking < /a/front < request",
            "/a/~group < /b/desk < /b/desk < /a/front < request",
            "/b/desk < /a/front < request",
            "/b/desk < /b/desk < /a/front < request",
            "/b/desk < asking < /a/front < request",
            "/b/member < /b/desk < /b/desk < /a/front < request",
            "asking < /a/front < request",
            "asking < /a/front < request",
        ],
    );
    let from_afar = spans.0.iter().filter(|span| span["from_afar"] == true);
    assert_eq!(from_afar.count(), 3, "{:#?}", spans.0);
}

#[tokio::test(start_paused = true)]
async fn one_request_through_five_actors_on_two_nodes_is_one_trace() {
    for codec in Codec::ALL {
        let tracer = Tracer::new();
        let network = SimulatedNetwork::seeded(1);
        let mut sites = Vec::new();
        for name in ["a", "b"] {
            let system = System::new(name);
            let node = network.node_with(&system, name, |builder| builder.codec(codec).propagator(OpenTelemetry));
            let node = node.await.expect("the name is free");
            sites.push(Site::new(system, node).await);
        }
        let [a, b] = &mut sites[..] else {
            panic!("there are two")
        };
        through_five_actors(a, b).await;
        is_one_trace(&tracer.read());
    }
}

#[tokio::test]
async fn it_is_one_trace_over_tcp_too() {
    let tracer = Tracer::new();
    let (left, right) = (System::new("a"), System::new("b"));
    let node = |system, name| {
        let node = Node::builder(system).name(name).security(Security::insecure());
        node.propagator(OpenTelemetry)
    };
    let b = node(&right, "b")
        .listen("127.0.0.1:0")
        .start()
        .await
        .expect("a port is free");
    let a = node(&left, "a").peer("b", b.address().expect("it listens"));
    let a = a.start().await.expect("nothing is in the way");
    through_five_actors(&mut Site::new(left, a).await, &mut Site::new(right, b).await).await;
    is_one_trace(&tracer.read());
}

/// How many bytes a message takes between two nodes, that is sent in a span and in none.
async fn bytes_of_a_message(knows_traces: [bool; 2]) -> [u64; 2] {
    let network = SimulatedNetwork::seeded(1);
    let mut nodes = Vec::new();
    for (name, knows) in ["a", "b"].into_iter().zip(knows_traces) {
        let system = System::new(name);
        let node = network.node_with(&system, name, |builder| {
            if knows {
                builder.propagator(OpenTelemetry)
            } else {
                builder
            }
        });
        nodes.push((node.await.expect("the name is free"), system));
    }
    let mut probe = Probe::<u64>::spawn(&nodes[1].1, "probe");
    nodes[1].0.expose("probe", &probe.handle()).expect("a free name");
    let far = nodes[0].0.lookup::<u64>("probe@b").await.expect("it is exposed");
    let written = || nodes[0].0.peers()[0].written_bytes;
    let mut bytes = [0; 2];
    for (at, span) in [info_span!("request"), tracing::Span::none()].into_iter().enumerate() {
        settle().await;
        let before = written();
        far.tell(7).instrument(span).await.expect("it lives");
        assert_eq!(probe.expect().await, 7);
        bytes[at] = written() - before;
    }
    bytes
}

#[tokio::test(start_paused = true)]
async fn only_nodes_that_both_know_traces_tell_each_other_of_them() {
    let _tracer = Tracer::new();
    for knows in [[false, false], [true, false], [false, true]] {
        let [traced, plain] = bytes_of_a_message(knows).await;
        assert_eq!(traced, plain, "{knows:?}");
    }
    let [traced, plain] = bytes_of_a_message([true, true]).await;
    // A kind and two headers with their lengths, of which the second is empty.
    assert_eq!(traced, plain + 1 + 2 + 55 + 2);
}
