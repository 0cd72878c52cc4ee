//! What keeps two nodes from talking, and what each is told of it.

use std::path::Path;
use std::time::Duration;

use actor_core::prelude::*;
use actor_net::transport::{Tls, TlsFiles, development_certificates};
use actor_net::wire::codes::{Refusal, method};
use actor_net::wire::frame::Decoder;
use actor_net::wire::protocol::{Card, Frame, MAGIC, VERSION};
use actor_net::{Closed, Incarnation, LookupError, Node, Security};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::spoken::{Room, protocol};
use super::theatre::{Puppet, SECRET, Scratch, by_secret, fails_to_start, node, within};
use super::{BY_SECRET, lobby};

const TIMEOUT: Duration = Duration::from_secs(10);

async fn look_up(node: &Node) -> Result<Handle<Room>, LookupError> {
    within("the look-up", node.lookup_as("lobby@b", protocol(1))).await
}

/// Why the look-up of a node that is called a fails.
async fn refused(puppet: &Puppet, security: Security) -> Closed {
    let system = System::new("a");
    let node = node(&system, puppet, security).start().await.expect("it starts");
    match look_up(&node).await {
        Err(LookupError::Unreachable(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// What a puppet is told that looks for a node here, called a.
async fn refuses(flags: &[&str], security: Security) -> String {
    let system = System::new("a");
    let node = Node::builder(&system).name("a").security(security);
    let node = node.listen("127.0.0.1:0").start().await.expect("a port is free");
    let peer = format!("peer=a@{}", node.address().expect("it listens"));
    let mut puppet = Puppet::start(&[flags, &[&peer]].concat()).await;
    puppet.order("find lobby@a").await;
    puppet.tells("not found: the node cannot be reached: ").await
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let puppet = Puppet::start(&[BY_SECRET]).await;
    let listen = format!("listen={}", puppet.address);
    let why = fails_to_start(&[BY_SECRET, &listen]).await;
    assert!(why.contains(&format!("cannot listen on {}", puppet.address)), "{why}");
}

#[tokio::test]
async fn another_secret_is_refused_from_both_sides() {
    let puppet = Puppet::start(&[BY_SECRET]).await;
    let why = refused(&puppet, by_secret("a secret that is another")).await;
    let proof = Refusal::Proof;
    assert!(
        matches!(&why, Closed::RefusedByPeer { code, .. } if *code == proof),
        "{why:?}"
    );
    let why = refuses(&["secret=a secret that is another"], by_secret(SECRET)).await;
    assert!(why.starts_with(&format!("refused by the peer: {proof}")), "{why}");

    // Whoever knows it is still let in.
    let system = System::new("a");
    let node = node(&system, &puppet, by_secret(SECRET))
        .start()
        .await
        .expect("it starts");
    lobby(&node).await;
}

/// What a certificate of that name is read from.
fn files(folder: &Scratch, certificate: &str) -> TlsFiles {
    TlsFiles {
        certificate: folder.0.join(format!("{certificate}.pem")),
        key: folder.0.join(format!("{certificate}.key")),
        authorities: folder.0.join("authority.pem"),
    }
}

fn by_tls(files: TlsFiles) -> Security {
    Security::tls(Tls::new(files, TIMEOUT).expect("they go together"))
}

fn certificates(names: &[&str]) -> Scratch {
    let folder = Scratch::new();
    development_certificates(&folder.0, names).expect("there is room for them");
    folder
}

fn flag(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_from_both_sides() {
    let (ours, theirs) = (certificates(&["a", "b"]), certificates(&["a", "b"]));
    let puppet = Puppet::start(&[&flag("tls", &ours.0)]).await;
    let why = refused(&puppet, by_tls(files(&theirs, "a"))).await;
    assert!(why.to_string().contains("invalid peer certificate"), "{why}");
    // This one trusts the puppet, and is not trusted.
    let mut stranger = files(&theirs, "a");
    stranger.authorities = files(&ours, "a").authorities;
    let why = refused(&puppet, by_tls(stranger)).await;
    assert!(matches!(why, Closed::Lost(_)), "{why:?}");
    let why = refuses(&[&flag("tls", &theirs.0)], by_tls(files(&ours, "a"))).await;
    assert!(why.contains("invalid peer certificate"), "{why}");

    let system = System::new("a");
    let node = node(&system, &puppet, by_tls(files(&ours, "a")));
    lobby(&node.start().await.expect("it starts")).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_from_both_sides() {
    let folder = certificates(&["a", "b", "c"]);
    let puppet = Puppet::start(&[&flag("tls", &folder.0)]).await;
    let why = refused(&puppet, by_tls(files(&folder, "c"))).await;
    let name = Refusal::Name;
    assert!(
        matches!(&why, Closed::RefusedByPeer { code, .. } if *code == name),
        "{why:?}"
    );

    let puppet = Puppet::start(&[&flag("tls", &folder.0), "certificate=c"]).await;
    let why = refused(&puppet, by_tls(files(&folder, "a"))).await;
    assert!(matches!(&why, Closed::Refused { code, .. } if *code == name), "{why:?}");
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused_from_both_sides() {
    let folder = Scratch::new();
    expired(&folder);
    let puppet = Puppet::start(&[&flag("tls", &folder.0)]).await;
    // What expires is who is called b; a is told so when it dials, and tells so when it is dialled.
    let why = refused(&puppet, by_tls(files(&folder, "a"))).await;
    assert!(why.to_string().contains("expired"), "{why}");
    let why = refuses(&[&flag("tls", &folder.0)], by_tls(files(&folder, "a"))).await;
    assert!(why.contains("CertificateExpired"), "{why}");
}

/// An authority with certificates for a, who is trusted, and b, who was until 2001.
fn expired(folder: &Scratch) {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().expect("there is chance");
    let authority = rcgen::CertifiedIssuer::self_signed(params, key).expect("it goes together");
    for (name, year) in [("a", 4096), ("b", 2001)] {
        let key = rcgen::KeyPair::generate().expect("there is chance");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("it is a name");
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &authority).expect("it goes together");
        let files = files(folder, name);
        std::fs::write(files.certificate, certificate.pem()).expect("there is room");
        std::fs::write(files.key, key.serialize_pem()).expect("there is room");
        std::fs::write(files.authorities, authority.pem()).expect("there is room");
    }
}

#[tokio::test]
async fn certificates_are_changed_without_a_restart() {
    let folder = certificates(&["a", "b"]);
    let mut puppet = Puppet::start(&[&flag("tls", &folder.0)]).await;
    let system = System::new("a");
    let old = node(&system, &puppet, by_tls(files(&folder, "a")));
    let old = old.start().await.expect("it starts");
    let far = lobby(&old).await;

    // A new authority, in the same files. The puppet has not read it yet.
    development_certificates(&folder.0, &["a", "b", "c"]).expect("there is room for them");
    let new = || {
        let node = Node::builder(&system).name("c").security(by_tls(files(&folder, "c")));
        node.peer("b", &puppet.address)
    };
    let early = new().start().await.expect("it starts");
    assert!(matches!(look_up(&early).await, Err(LookupError::Unreachable(_))));
    let late = new();

    puppet.order("reload").await;
    assert_eq!(puppet.tells("reloaded ").await, "Ok(())");
    far.tell(Room::Say(1)).await.expect("what is open stays as it is");
    lobby(&late.start().await.expect("it starts")).await;
    assert_eq!(far.ask(Room::Said).await, Ok(vec![1]));

    // What cannot be read changes nothing.
    std::fs::remove_file(folder.0.join("b.key")).expect("it is there");
    puppet.order("reload").await;
    assert!(puppet.tells("reloaded Err").await.contains("b.key"));
    lobby(&early).await;
}

#[tokio::test]
async fn another_version_is_refused_and_named() {
    let puppet = Puppet::start(&[BY_SECRET, "version=2"]).await;
    let system = System::new("a");
    let node = node(&system, &puppet, by_secret(SECRET))
        .start()
        .await
        .expect("it starts");
    // Of what is said to the actor.
    let there = look_up(&node).await.err();
    assert_eq!(there, Some(LookupError::OtherVersion("2".to_owned())));

    // Of the protocol between nodes.
    let mut hello = Vec::new();
    let frame = Frame::Hello {
        magic: MAGIC,
        version_min: VERSION + 1,
        version_max: VERSION + 1,
        card: Card {
            name: "a",
            incarnation: Incarnation::random(),
            cluster: "",
            features: 0,
            method: method::SECRET,
            frame_bytes_max: 1 << 20,
            message_bytes_max: 1 << 20,
            window_bytes: 1 << 20,
            codecs: &[1],
            nonce: [7; 32],
        },
    };
    frame.encode(&mut hello);
    let mut socket = TcpStream::connect(&puppet.address).await.expect("it listens");
    socket.write_all(&hello).await.expect("it reads");
    let mut said = Vec::new();
    let read = within("the refusal", socket.read_to_end(&mut said)).await;
    read.expect("it closes in order");
    let mut decoder = Decoder::new(said.len());
    assert_eq!(decoder.feed(&said), said.len());
    let frame = decoder.next().expect("it is a frame").expect("it is whole");
    let refused = Frame::parse(frame).expect("it is one that we know");
    assert!(
        matches!(
            refused,
            Frame::Refused {
                code: Refusal::Version,
                ..
            }
        ),
        "{refused:?}"
    );
}
