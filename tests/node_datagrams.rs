//! Members that speak by datagrams, over real sockets on the loopback address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::System;
use actor_net::transport::{Tls, TlsFiles, development_certificates};
use actor_net::{Cluster, DatagramCounts, MemberState, NetConfig, Node, Secret, Security};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// Far more than anything here takes, on a machine that is busy with something else.
const LIMIT: Duration = Duration::from_secs(60);
/// How often what is counted is looked at.
const LOOK: Duration = Duration::from_millis(10);

async fn until(what: &str, holds: impl Fn() -> bool) {
    let mut looks = tokio::time::interval(LOOK);
    let waiting = async {
        while !holds() {
            looks.tick().await;
        }
    };
    let waited = tokio::time::timeout(LIMIT, waiting).await;
    assert!(waited.is_ok(), "{what}: not within {LIMIT:?}");
}

fn by_secret() -> Security {
    Security::secret(Secret::new(b"a secret that is long enough").expect("it is"))
}

async fn node(name: &str, security: Security, speaks_by_datagrams: bool) -> Node {
    let config = NetConfig {
        idle_timeout: Duration::from_secs(1),
        ..NetConfig::default()
    };
    let builder = Node::builder(&System::new(name))
        .name(name)
        .cluster("chat")
        .config(config);
    let builder = builder.security(security).listen("127.0.0.1:0");
    let builder = if speaks_by_datagrams {
        builder.datagrams()
    } else {
        builder
    };
    builder.start().await.expect("a port is free")
}

fn address(node: &Node) -> String {
    node.address().expect("it listens").to_owned()
}

/// Both as members that know each other, the first of which is found at this address.
async fn members(a: &Node, b: &Node, at: &str) -> (Cluster, Cluster) {
    let a = Cluster::builder(a).advertise(at).begin().expect("it begins");
    let b = Cluster::builder(b).seeds([at]).join().await.expect("it joins");
    until("both know both", || see_each_other(&[&a, &b])).await;
    (a, b)
}

fn counts(member: &Cluster) -> DatagramCounts {
    member.node().datagrams().unwrap_or_default()
}

fn see_each_other(members: &[&Cluster]) -> bool {
    let is_up = |member: &actor_net::Member| member.state == MemberState::Up && member.unreachable.is_none();
    members
        .iter()
        .all(|member| member.members().len() == members.len() && member.members().iter().all(is_up))
}

/// Stands before a node, and sees what is sent to it.
struct Relay {
    address: String,
    to: SocketAddr,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    socket: Arc<UdpSocket>,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Passes on connections, and datagrams if they are let through.
    async fn before(node: &Node, passes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has one");
        let socket = Arc::new(
            UdpSocket::bind(address)
                .await
                .expect("nobody else takes that of a listener"),
        );
        let to: SocketAddr = self::address(node).parse().expect("it is one");
        let seen = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut there = TcpStream::connect(to).await?;
                    tokio::io::copy_bidirectional(&mut from, &mut there).await
                });
            }
        });
        let (taking, noting) = (socket.clone(), seen.clone());
        tasks.spawn(async move {
            let mut bytes = [0; 2048];
            while let Ok(count) = taking.recv(&mut bytes).await {
                noting
                    .lock()
                    .expect("nobody panics with it")
                    .push(bytes[..count].to_vec());
                if passes {
                    taking.send_to(&bytes[..count], to).await.expect("loopback takes it");
                }
            }
        });
        Self {
            address: address.to_string(),
            to,
            seen,
            socket,
            _tasks: tasks,
        }
    }

    fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    async fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.to).await.expect("loopback takes it");
    }
}

#[tokio::test]
async fn members_that_chose_datagrams_speak_by_them_and_need_no_connection() {
    let (a, b) = (node("a", by_secret(), true).await, node("b", by_secret(), true).await);
    let (a, b) = members(&a, &b, &address(&a)).await;
    until("their connection is closed", || {
        a.node().peers().is_empty() && b.node().peers().is_empty()
    })
    .await;
    let before = [counts(&a).taken, counts(&b).taken];
    until("they go on", || {
        counts(&a).taken > before[0] + 10 && counts(&b).taken > before[1] + 10
    })
    .await;
    assert!(see_each_other(&[&a, &b]));
    assert!(a.node().peers().is_empty(), "nobody has needed a connection");
    assert_eq!((counts(&a).refused, counts(&b).refused), (0, 0));
}

#[tokio::test]
async fn a_datagram_is_taken_once_as_it_was_sent_and_from_nobody_else() {
    let (a, b) = (node("a", by_secret(), true).await, node("b", by_secret(), true).await);
    let relay = Relay::before(&a, true).await;
    let (a, b) = members(&a, &b, &relay.address).await;
    until("they speak by datagrams", || relay.seen().len() > 5).await;
    assert_eq!(counts(&a).refused, 0);

    let mut strange = relay.seen();
    let changed: Vec<_> = strange
        .iter()
        .enumerate()
        .map(|(at, datagram)| {
            let mut datagram = datagram.clone();
            // One that was to come next, but for its mac.
            datagram[8..16].copy_from_slice(&(1_000_000 + at as u64).to_le_bytes());
            datagram
        })
        .collect();
    strange.extend(changed);
    strange.extend([Vec::new(), vec![0; 60], vec![7; 2_000]]);
    for datagram in &strange {
        relay.send(datagram).await;
    }
    until("each is refused", || counts(&a).refused == strange.len() as u64).await;
    let before = counts(&a).taken;
    until("they go on", || counts(&a).taken > before + 5).await;
    assert!(see_each_other(&[&a, &b]));
    assert_eq!(counts(&a).refused, strange.len() as u64);
}

#[tokio::test]
async fn where_no_datagram_comes_through_members_speak_over_their_connection() {
    let (a, b) = (node("a", by_secret(), true).await, node("b", by_secret(), true).await);
    let relay = Relay::before(&a, false).await;
    let (a, b) = members(&a, &b, &relay.address).await;
    until("it was tried", || relay.seen().len() > 10).await;
    assert!(see_each_other(&[&a, &b]));
    assert!(!a.node().peers().is_empty(), "packets go over it");
    let longest = relay.seen().iter().map(Vec::len).max();
    assert!(longest < Some(60), "{longest:?}: nothing was said by what is lost");
}

#[tokio::test]
async fn one_that_has_not_chosen_datagrams_is_sent_none() {
    let (a, b) = (node("a", by_secret(), true).await, node("b", by_secret(), false).await);
    let (a, b) = members(&a, &b, &address(&a)).await;
    assert_eq!(counts(&a), DatagramCounts::default());
    assert_eq!(b.node().datagrams(), None);
}

#[tokio::test]
async fn members_with_certificates_speak_by_datagrams_and_have_no_secret() {
    let folder = std::env::temp_dir().join(format!("datagrams-{}", std::process::id()));
    development_certificates(&folder, &["a", "b"]).expect("there is room for them");
    let security = |name: &str| {
        let files = TlsFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
            authorities: folder.join("authority.pem"),
        };
        Security::tls(Tls::new(files, Duration::from_secs(10)).expect("they go together"))
    };
    let (a, b) = (
        node("a", security("a"), true).await,
        node("b", security("b"), true).await,
    );
    std::fs::remove_dir_all(&folder).expect("it is ours");
    let (a, b) = members(&a, &b, &address(&a)).await;
    until("they speak by datagrams", || {
        counts(&a).taken > 10 && counts(&b).taken > 10
    })
    .await;
    assert_eq!((counts(&a).refused, counts(&b).refused), (0, 0));
}

#[tokio::test]
async fn who_takes_no_connections_takes_no_datagrams() {
    let builder = Node::builder(&System::new("a")).name("a").security(by_secret());
    let why = builder.datagrams().start().await.expect_err("it does not listen");
    assert!(why.to_string().contains("say `.listen(…)`, too"), "{why}");
}
