//! What several servers that are one network promise to their users.

use std::sync::Arc;
use std::time::Duration;

use actor_core::ExitReason;
use actor_core::prelude::*;
use actor_net::Cluster;
use actor_net::transport::MemoryNetwork;
use actor_testkit::Probe;
use chat::Server;
use chat::config::{Config, Operator};
use chat::network::hub::DOOR;
use chat::network::peering::{Peering, Proof};
use chat::network::trunk::{EnvoyMsg, Trunk, Trunks, WORDS_MAX};
use chat::network::word::{Card, Knock, Word};
use futures_util::FutureExt as _;

use super::client::{Client, PATIENCE, config, serve};
use crate::support::Gate;
use crate::telemetry::listen_to;

/// Servers called `a.test` and so on, on a network within this process.
pub(super) struct Network {
    wires: MemoryNetwork,
    pub(super) servers: Vec<Server>,
}

fn name(at: usize) -> String {
    format!("{}.test", char::from(b'a' + u8::try_from(at).expect("few servers")))
}

impl Network {
    pub(super) async fn of(count: usize) -> Self {
        Self::with(count, config()).await
    }

    pub(super) async fn with(count: usize, config: Config) -> Self {
        let wires = MemoryNetwork::new();
        let mut servers = Vec::new();
        for at in 0..count {
            let mut peering = Peering::new(name(at), Proof::Memory(wires.transport(&name(at))));
            peering.join = vec![name(0)];
            peering.grace = Duration::from_millis(50);
            let config = Config {
                name: name(at),
                peering: Some(peering),
                ..config.clone()
            };
            servers.push(serve(config).await);
        }
        let network = Self { wires, servers };
        network.joined(&(0..count).collect::<Vec<_>>()).await;
        network
    }

    /// The node of another server, of which the test is the rest.
    async fn member(&self, called: &str) -> (System, Cluster) {
        let system = System::new(called);
        let mut peering = Peering::new(called, Proof::Memory(self.wires.transport(called)));
        peering.join = vec![name(0)];
        let cluster = peering.start(&system, called, &config().network).await;
        (system, cluster.expect("nothing is in its way"))
    }

    pub(super) async fn user(&self, at: usize, nick: &str) -> Client {
        Client::join_server(&self.servers[at], nick).await
    }

    pub(super) async fn user_with(&self, at: usize, nick: &str, caps: &str) -> Client {
        Client::with_caps(&self.servers[at], nick, caps).await
    }

    /// Ann at the first server, and Bob at the second, in a room that she has founded.
    pub(super) async fn couple(&self, room: &str) -> (Client, Client) {
        let mut ann = self.user(0, "ann").await;
        let mut bob = self.user(1, "bob").await;
        ann.join(room).await;
        bob.until(&format!("NAMES {room}"), has("@ann")).await;
        bob.join(room).await;
        ann.expect(&format!("JOIN {room}")).await;
        (ann, bob)
    }

    /// Waits until these servers know each other and nobody else.
    pub(super) async fn joined(&self, these: &[usize]) {
        for &at in these {
            let mut probe = Client::connect(&self.servers[at]).await;
            probe.register(&format!("probe{at}"), "").await;
            probe.until("LINKS", |lines| lines.len() == these.len() + 1).await;
            probe.send("QUIT").await;
            probe.until_closed().await;
        }
    }

    /// Nothing goes between these and those from now on, which both notice at once.
    pub(super) fn part(&self, these: &[usize], those: &[usize]) {
        for &one in these {
            for &other in those {
                self.wires.silence(&name(one), &name(other));
                self.wires.silence(&name(other), &name(one));
                self.wires.cut(&name(one), &name(other));
            }
        }
    }

    pub(super) fn heal(&self) {
        for one in 0..self.servers.len() {
            for other in (0..self.servers.len()).filter(|other| *other != one) {
                self.wires.unsilence(&name(one), &name(other));
            }
        }
    }
}

/// Lets the clock go on by which it is known what came first.
pub(super) async fn later() {
    let now_ms = chat::clock::unix_ms();
    while chat::clock::unix_ms() <= now_ms {
        tokio::task::yield_now().await;
    }
}

pub(super) fn has(part: &str) -> impl Fn(&[String]) -> bool {
    move |lines| lines.iter().any(|line| line.contains(part))
}

/// The names in a room, sorted, as NAMES tells them.
pub(super) fn names(lines: &[String]) -> Vec<String> {
    let replies = lines.iter().filter(|line| line.contains(" 353 "));
    let mut names: Vec<String> = replies
        .flat_map(|line| line.rsplit(':').next().unwrap_or("").split(' '))
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn users_of_all_servers_meet_in_one_room() {
    let network = Network::of(3).await;
    let mut ann = network.user(0, "ann").await;
    let mut bob = network.user(1, "bob").await;
    let mut eve = network.user(2, "eve").await;
    ann.join("#c").await;
    bob.until("NAMES #c", has("@ann")).await;
    bob.join("#C").await;
    ann.expect(":bob!user@127.0.0.1 JOIN #c").await;
    eve.until("NAMES #c", has("bob")).await;
    eve.join("#c").await;
    bob.expect(":eve!").await;
    ann.expect(":eve!").await;
    for n in 0..50 {
        ann.send(&format!("PRIVMSG #c :from ann {n}")).await;
        eve.send(&format!("PRIVMSG #c :from eve {n}")).await;
    }
    let (mut ann_said, mut eve_said) = (0, 0);
    while ann_said + eve_said < 100 {
        let line = bob.expect(" PRIVMSG #c :from ").await;
        let (who, number) = if line.starts_with(":ann!") {
            ("ann", &mut ann_said)
        } else {
            ("eve", &mut eve_said)
        };
        assert!(line.ends_with(&format!(":from {who} {number}")), "{line}");
        *number += 1;
    }
    bob.send("PRIVMSG eve :just you").await;
    eve.expect(":bob!user@127.0.0.1 PRIVMSG eve :just you").await;
    assert!(bob.ask("PRIVMSG nobody :x").await[0].contains(" 401 "));
    bob.send("PART #c :enough").await;
    ann.expect(":bob!user@127.0.0.1 PART #c :enough").await;
    eve.send("QUIT :bye").await;
    ann.expect(":eve!user@127.0.0.1 QUIT :Quit: bye").await;
    ann.until("NAMES #c", |lines| names(lines) == ["@ann"]).await;
}

#[tokio::test]
async fn a_nick_is_one_users_in_the_whole_network() {
    let network = Network::of(2).await;
    let mut ann = network.user(0, "ann").await;
    let mut bob = network.user(1, "bob").await;
    assert!(bob.ask("NICK ANN").await[0].contains(" 433 "));
    let mut late = Client::connect(&network.servers[1]).await;
    late.send("NICK Ann\r\nUSER u 0 * :x").await;
    late.expect(" 433 ").await;
    ann.send("NICK anna").await;
    ann.expect(" NICK anna").await;
    bob.until("NICK ann", has(" NICK ann")).await;
    // Two who want the same at the same time do not both get it.
    for n in 0..20 {
        let wanted = format!("NICK both{n}");
        let (one, other) = tokio::join!(ann.ask(&wanted), bob.ask(&wanted));
        let given = |lines: &[String]| usize::from(has(" NICK both")(lines));
        assert!(given(&one) + given(&other) <= 1, "{one:?} {other:?}");
    }
}

#[tokio::test]
async fn topic_modes_kicks_and_invitations_hold_everywhere() {
    let network = Network::of(2).await;
    let (mut ann, mut bob) = network.couple("#c").await;
    assert!(bob.ask("TOPIC #c :mine").await[0].contains(" 482 "));
    ann.send("TOPIC #c :ours").await;
    bob.expect(":ann!user@127.0.0.1 TOPIC #c :ours").await;
    ann.send("MODE #c +mvbk bob x!*@* key").await;
    let line = bob.expect(" MODE ").await;
    assert!(line.starts_with(":ann!") && line.contains("+"), "{line}");
    bob.until("MODE #c", has(" 324 bob #c +mntk key")).await;
    bob.until("MODE #c b", has("x!*@*")).await;
    bob.send("PRIVMSG #c :voiced").await;
    ann.expect(":voiced").await;
    ann.send("MODE #c +o bob").await;
    bob.expect("+o bob").await;
    bob.send("MODE #c -k+i key").await;
    ann.expect(":bob!user@127.0.0.1 MODE #c -k").await;
    bob.send("KICK #c ann :out").await;
    ann.expect(":bob!user@127.0.0.1 KICK #c ann :out").await;
    assert!(ann.ask("JOIN #c").await[0].contains(" 473 "));
    bob.until("NAMES #c", |lines| names(lines) == ["@bob"]).await;
    bob.send("INVITE ann #c").await;
    ann.expect(":bob!user@127.0.0.1 INVITE ann #c").await;
    ann.join("#c").await;
    bob.expect(":ann!").await;
    assert_eq!(names(&ann.ask("NAMES #c").await), ["@bob", "ann"]);
}

#[tokio::test]
async fn what_is_told_of_a_user_is_told_on_all_servers() {
    let network = Network::of(2).await;
    let mut ann = network
        .user_with(0, "ann", "away-notify setname extended-join server-time message-tags")
        .await;
    ann.join("#c").await;
    ann.send("MONITOR + bob").await;
    ann.expect(" 731 ").await;
    let mut bob = network.user_with(1, "bob", "setname message-tags").await;
    ann.expect(" 730 ann :bob!user@127.0.0.1").await;
    bob.until("NAMES #c", has("@ann")).await;
    bob.join("#c").await;
    ann.expect("JOIN #c * :Real bob").await;
    bob.send("AWAY :lunch").await;
    ann.expect(":bob!user@127.0.0.1 AWAY :lunch").await;
    assert!(has(" 301 ann bob :lunch")(&ann.ask("PRIVMSG bob :there?").await));
    bob.expect(":there?").await;
    bob.send("SETNAME :Robert").await;
    ann.expect(":bob!user@127.0.0.1 SETNAME :Robert").await;
    bob.send("@+x=y TAGMSG #c").await;
    let tags = ann.expect(" TAGMSG #c").await;
    assert!(tags.contains("+x=y") && tags.contains("msgid="), "{tags}");
    bob.send("NICK rob").await;
    ann.expect(" 731 ann :bob").await;
    ann.expect(":bob!user@127.0.0.1 NICK rob").await;
    let whois = ann.ask("WHOIS rob").await;
    assert!(
        has(" 312 ann rob b.test ")(&whois) && has(":Robert")(&whois),
        "{whois:?}"
    );
    assert!(
        has(" 319 ann rob :#c")(&whois) && has(" 301 ann rob :lunch")(&whois),
        "{whois:?}"
    );
    // He has said something a moment ago; how long ago that was his server knows alone.
    assert!(whois.iter().any(|line| line.contains(" 317 ann rob ")), "{whois:?}");
    assert!(has(" b.test rob G :1 Robert")(&ann.ask("WHO #c").await));
    assert!(has(" 354 ann rob 1 0")(&ann.ask("WHO rob %ndl").await));
    let map = ann.ask("MAP").await;
    assert!(
        has(":a.test (1 users)")(&map) && has(":`- b.test (1 users)")(&map),
        "{map:?}"
    );
    let lusers = ann.ask("LUSERS").await;
    assert!(
        has("There are 2 users and 0 invisible on 2 servers")(&lusers),
        "{lusers:?}"
    );
    assert!(has("I have 1 clients and 1 servers")(&lusers), "{lusers:?}");
}

#[tokio::test]
async fn a_server_is_asked_by_its_name_or_by_one_of_its_users_from_everywhere() {
    let network = Network::with(
        2,
        Config {
            admin: "root@example.org".to_owned(),
            ..config()
        },
    )
    .await;
    let mut ann = network.user(0, "ann").await;
    let _bob = network.user(1, "bob").await;
    ann.until("WHOIS bob", has(" b.test ")).await;
    for named in ["b.test", "B.*", "bob"] {
        let mut said = Vec::new();
        for command in ["VERSION", "TIME", "INFO", "ADMIN", "MOTD"] {
            said.extend(ann.ask(&format!("{command} {named}")).await);
        }
        assert!(said.iter().all(|line| line.starts_with(":b.test ")), "{said:?}");
        for part in [
            " 351 ann actor-chat-",
            " 391 ann b.test :",
            " on b.test",
            " 374 ann ",
            " 258 ann :b.test",
            " 259 ann :root@example.org",
            " 422 ann ",
        ] {
            assert!(has(part)(&said), "{named}: no {part} in {said:?}");
        }
    }
    // One's own server, however it is named.
    for command in ["TIME", "TIME a.test", "TIME ann", "TIME *"] {
        assert!(has(":a.test 391 ann a.test :")(&ann.ask(command).await), "{command}");
    }
    assert!(has(":a.test 402 ann z.test ")(&ann.ask("TIME z.test").await));
}

#[tokio::test]
async fn who_asks_a_server_that_is_lost_is_told_so() {
    let network = Network::of(2).await;
    let mut ann = network.user(0, "ann").await;
    network.part(&[0], &[1]);
    ann.until("TIME b.test", has(" 402 ann b.test ")).await;
}

#[tokio::test]
async fn a_server_that_is_not_heard_any_more_is_told_so() {
    let network = Network::of(1).await;
    let mut ann = network.user(0, "ann").await;
    let (system, cluster) = network.member("z.test").await;
    let mut speaker = Probe::<()>::spawn(&system, "speaker");
    let knock = async {
        loop {
            let door = cluster.node().lookup::<Knock>(&format!("{DOOR}@a.test")).await;
            let card = Card {
                name: "z.test".into(),
                life: 7,
                info: String::new(),
                web: None,
            };
            let life = speaker.handle();
            // It is let in as soon as it is a member.
            if let Ok(door) = door
                && let Ok(ear) = door.ask(|reply| Knock { card, life, reply }).await
                && ann.ask("LINKS").await.len() == 3
            {
                return ear;
            }
            tokio::task::yield_now().await;
        }
    };
    let ear = tokio::time::timeout(PATIENCE, knock).await.expect("it is let in");
    // To `a.test` the conversation is lost with the way; and nobody at `z.test` watches that.
    network.wires.cut("a.test", "z.test");
    ann.until("LINKS", |lines| lines.len() == 2).await;
    let told = async {
        while speaker.try_next().is_none() {
            let _ = ear.tell(Arc::new(Word::Told)).await;
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(told.is_ok(), "it speaks to nobody, and does not know");
}

#[tokio::test]
async fn a_server_of_another_version_is_named_to_the_operator() {
    let (log, _listening) = listen_to(tracing::Level::WARN);
    let network = Network::of(1).await;
    let (system, cluster) = network.member("z.test").await;
    let other = Probe::<u64>::spawn(&system, "door");
    cluster.node().expose(DOOR, &other.handle()).expect("it is free");
    let said = || log.lines_with("run the same version on both");
    let is_said = async {
        while said().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, is_said).await.expect("it is said");
    assert!(said()[0].contains("server=z.test"), "{:?}", said());
}

/// Takes one word, and no other.
struct Deaf(Gate);

impl Actor for Deaf {
    type Msg = EnvoyMsg;

    async fn handle(&mut self, _msg: EnvoyMsg, _ctx: &mut Context<EnvoyMsg>) -> ActorResult {
        self.0.pass().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_server_that_takes_nothing_makes_connections_wait_and_is_lost_at_the_limit() {
    let (system, gate) = (System::new("a.test"), Gate::new());
    let made = gate.clone();
    let spec = ChildSpec::once("deaf", move || Deaf(made)).mailbox(MailboxSpec::bounded(WORDS_MAX));
    let deaf = system.spawn_spec(spec).expect("it starts");
    let ended = deaf.watch();
    let trunk = Trunk::new("b.test".into(), deaf, Arc::default());
    let trunks = Trunks::default();
    trunks.add(trunk.clone());
    let word = Arc::new(Word::Told);
    assert!(trunks.ready().now_or_never().is_some(), "nothing waits yet");
    assert!((0..WORDS_MAX).all(|_| trunk.say(word.clone())));
    let mut ready = Box::pin(trunks.ready());
    assert!(ready.as_mut().now_or_never().is_none(), "those who send more wait");
    assert!(!trunk.say(word), "one more than there is room for");
    let down = tokio::time::timeout(PATIENCE, ended).await.expect("it has ended");
    assert!(matches!(down.reason, ExitReason::Killed), "{down:?}");
    let waited = tokio::time::timeout(PATIENCE, ready).await;
    assert!(waited.is_ok(), "nobody waits for one that is lost");
}

#[tokio::test]
async fn operators_reach_users_of_other_servers() {
    use argon2::PasswordHasher;
    let salt = argon2::password_hash::SaltString::encode_b64(b"not so random").unwrap();
    let hash = argon2::Argon2::default().hash_password(b"secret", &salt).unwrap();
    let operator = Operator {
        name: "root".to_owned(),
        hash: hash.to_string(),
    };
    let network = Network::with(
        2,
        Config {
            operators: vec![operator],
            ..config()
        },
    )
    .await;
    let mut ann = network.user(0, "ann").await;
    let mut bob = network.user(1, "bob").await;
    bob.send("MODE bob +w").await;
    ann.send("OPER root secret").await;
    ann.expect(" 381 ").await;
    ann.until("WHOIS bob", has(" b.test ")).await;
    ann.send("WALLOPS :all hands").await;
    bob.expect(":ann!user@127.0.0.1 WALLOPS :all hands").await;
    ann.send("KILL bob :enough").await;
    assert!(has("Killed (ann (enough))")(&bob.until_closed().await));
}
