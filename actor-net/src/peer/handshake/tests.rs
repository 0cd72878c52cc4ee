//! Handshakes that go well, and each way in which they do not.

use proptest::prelude::*;

use super::*;
use crate::id::Incarnation;
use crate::wire::frame::Decoder;

const TIMEOUT: Duration = Duration::from_secs(5);

fn t0() -> Instant {
    // A point to count from; nothing here waits.
    static T0: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(|| crate::clock::now().into_std());
    *T0
}

fn local(name: &str) -> Local {
    Local {
        id: NodeId {
            name: NodeName::new(name).expect("a name"),
            incarnation: Incarnation(1),
        },
        cluster: "chat".into(),
        features: 0b11,
        versions: (1, 3),
        codecs: vec![1, 2],
        frame_bytes_max: 1_000,
        message_bytes_max: 10_000,
        window_bytes: 100,
    }
}

fn secret(words: &str) -> Auth {
    Auth::Secret(Secret::new(format!("a secret of more than sixteen bytes: {words}").as_bytes()).expect("long enough"))
}

fn dial(local: Local, auth: Auth, nonce: u8) -> (Handshake, Vec<u8>) {
    let expected = NodeName::new("b");
    Handshake::dial(Arc::new(local), auth, expected, [nonce; 32], t0(), TIMEOUT)
}

fn listen(local: Local, auth: Auth, nonce: u8) -> Handshake {
    Handshake::listen(Arc::new(local), auth, [nonce; 32], t0(), TIMEOUT)
}

fn take_all(_: &NodeId) -> Result<(), Refusal> {
    Ok(())
}

fn say(step: Step) -> Vec<u8> {
    match step {
        Step::Say(bytes) | Step::Done { say: bytes, .. } | Step::Failed { say: bytes, .. } => bytes,
    }
}

fn agreed(step: &Step) -> Option<&Agreed> {
    match step {
        Step::Done { agreed, .. } => Some(agreed),
        Step::Say(_) | Step::Failed { .. } => None,
    }
}

/// Without its length; nothing, if nothing was said.
fn frame_of(bytes: &[u8]) -> &[u8] {
    bytes.get(4..).unwrap_or_default()
}

/// How both sides end, the dialler first.
fn meet(dialler: (Local, Auth), listener: (Local, Auth)) -> (Step, Step) {
    let (mut dialler, hello) = dial(dialler.0, dialler.1, 1);
    let mut listener = listen(listener.0, listener.1, 2);
    let (mut to_listener, mut to_dialler) = (hello, Vec::new());
    let (mut there, mut here) = (None, None);
    while there.is_none() || here.is_none() {
        if !to_listener.is_empty() {
            let step = listener.handle_frame(&to_listener[4..], take_all);
            to_listener.clear();
            if let Step::Say(bytes) = step {
                to_dialler = bytes;
            } else {
                to_dialler = match &step {
                    Step::Done { say, .. } | Step::Failed { say, .. } => say.clone(),
                    Step::Say(_) => Vec::new(),
                };
                there.get_or_insert(step);
            }
        } else if !to_dialler.is_empty() {
            let step = dialler.handle_frame(&to_dialler[4..], take_all);
            to_dialler.clear();
            match step {
                Step::Say(bytes) => to_listener = bytes,
                over => {
                    if let Step::Failed { say, .. } = &over {
                        to_listener.clone_from(say);
                    }
                    here.get_or_insert(over);
                }
            }
        } else {
            panic!("both wait");
        }
    }
    (here.expect("it ended"), there.expect("it ended"))
}

/// Both know why there is no conversation: one by its own word, the other by the peer's.
fn refused(ends: &(Step, Step)) -> Refusal {
    let code = |step: &Step| match step {
        Step::Failed {
            why: Closed::Refused { code, .. } | Closed::RefusedByPeer { code, .. },
            ..
        } => *code,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(code(&ends.0), code(&ends.1));
    code(&ends.0)
}

#[test]
fn two_that_share_a_secret_agree() {
    let mut older = local("b");
    older.versions = (1, 2);
    older.features = 0b110;
    older.codecs = vec![2, 1];
    older.window_bytes = 50;
    let (here, there) = meet((local("a"), secret("x")), (older, secret("x")));
    let (here, there) = (agreed(&here).expect("agreed"), agreed(&there).expect("agreed"));
    assert_eq!((here.peer.name.as_str(), there.peer.name.as_str()), ("b", "a"));
    assert_eq!((here.version, there.version), (2, 2));
    assert_eq!((here.features, there.features), (0b10, 0b10));
    assert_eq!((here.codec, there.codec), (1, 1));
    assert_eq!((here.window_bytes, there.window_bytes), (50, 100));
}

#[test]
fn a_wrong_secret_is_refused() {
    let ends = meet((local("a"), secret("x")), (local("b"), secret("y")));
    assert_eq!(refused(&ends), Refusal::Proof);
}

#[test]
fn another_version_cluster_or_codec_is_refused_on_both_sides() {
    let mut newer = local("b");
    newer.versions = (4, 9);
    assert_eq!(
        refused(&meet((local("a"), secret("x")), (newer, secret("x")))),
        Refusal::Version
    );
    let mut other = local("b");
    other.cluster = "test".into();
    assert_eq!(
        refused(&meet((local("a"), secret("x")), (other, secret("x")))),
        Refusal::Cluster
    );
    let mut other = local("b");
    other.codecs = vec![9];
    assert_eq!(
        refused(&meet((local("a"), secret("x")), (other, secret("x")))),
        Refusal::Codec
    );
}

#[test]
fn one_that_authenticates_otherwise_is_refused() {
    assert_eq!(
        refused(&meet((local("a"), Auth::Insecure), (local("b"), secret("x")))),
        Refusal::Method
    );
    assert_eq!(
        refused(&meet((local("a"), secret("x")), (local("b"), Auth::Insecure))),
        Refusal::Method
    );
}

#[test]
fn a_name_has_to_be_the_one_that_was_dialled_and_not_ones_own() {
    let ends = meet((local("a"), secret("x")), (local("c"), secret("x")));
    assert_eq!(refused(&ends), Refusal::Name);
    let ends = meet((local("b"), secret("x")), (local("b"), secret("x")));
    assert_eq!(refused(&ends), Refusal::Itself);
    let mut namesake = local("b");
    namesake.id.incarnation = Incarnation(99);
    let ends = meet((local("b"), secret("x")), (namesake, secret("x")));
    assert_eq!(refused(&ends), Refusal::Name);
}

#[test]
fn a_name_has_to_be_in_the_certificate() {
    let names = |names: &[&str]| Auth::Certificate {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        secret: None,
    };
    let (here, there) = meet((local("a"), names(&["x", "b"])), (local("b"), names(&["a"])));
    assert!(agreed(&here).is_some() && agreed(&there).is_some());
    let ends = meet((local("a"), names(&["b"])), (local("b"), names(&["x"])));
    assert_eq!(refused(&ends), Refusal::Name);
    let ends = meet((local("a"), names(&["x"])), (local("b"), names(&["a"])));
    assert_eq!(refused(&ends), Refusal::Name);
    let ends = meet((local("a"), names(&[])), (local("b"), names(&["a"])));
    assert_eq!(refused(&ends), Refusal::Name);
}

#[test]
fn a_proof_is_good_for_one_handshake_alone() {
    let (mut dialler, hello) = dial(local("a"), secret("x"), 1);
    let mut first = listen(local("b"), secret("x"), 2);
    let challenge = say(first.handle_frame(&hello[4..], take_all));
    let proof = say(dialler.handle_frame(&challenge[4..], take_all));
    assert!(agreed(&first.handle_frame(&proof[4..], take_all)).is_some());
    // Somebody who listened plays both of its frames again, to another handshake of the same node.
    let mut second = listen(local("b"), secret("x"), 3);
    second.handle_frame(&hello[4..], take_all);
    let replayed = second.handle_frame(&proof[4..], take_all);
    assert!(matches!(
        replayed,
        Step::Failed {
            why: Closed::Refused {
                code: Refusal::Proof,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_proof_sent_back_to_its_maker_proves_nothing() {
    let (mut dialler, hello) = dial(local("a"), secret("x"), 1);
    let mut listener = listen(local("b"), secret("x"), 2);
    let challenge = say(listener.handle_frame(&hello[4..], take_all));
    let proof = say(dialler.handle_frame(&challenge[4..], take_all));
    // The same mac, as a listener would send its own.
    let mut reflected = proof[4..].to_vec();
    reflected[0] = 0x04;
    let step = dialler.handle_frame(&reflected, take_all);
    assert!(matches!(
        step,
        Step::Failed {
            why: Closed::Refused {
                code: Refusal::Proof,
                ..
            },
            ..
        }
    ));
}

#[test]
fn a_dialler_that_is_mirrored_is_refused() {
    // Whoever has no secret opens a connection to the node that dials, and passes its own words back to it.
    let (mut dialler, hello) = dial(local("a"), secret("x"), 1);
    let mut itself = listen(local("a"), secret("x"), 2);
    let step = itself.handle_frame(&hello[4..], take_all);
    assert!(matches!(
        step,
        Step::Failed {
            why: Closed::Refused {
                code: Refusal::Itself,
                ..
            },
            ..
        }
    ));
    let step = dialler.handle_frame(&hello[4..], take_all);
    assert!(matches!(
        step,
        Step::Failed {
            why: Closed::Refused {
                code: Refusal::Malformed,
                ..
            },
            ..
        }
    ));
}

#[test]
fn nobody_is_judged_before_the_proof() {
    let (mut dialler, hello) = dial(local("a"), secret("y"), 1);
    let mut listener = listen(local("b"), secret("x"), 2);
    let challenge = say(listener.handle_frame(&hello[4..], |_| panic!("not yet")));
    let proof = say(dialler.handle_frame(&challenge[4..], take_all));
    listener.handle_frame(&proof[4..], |_| panic!("not with a wrong secret"));
}

#[test]
fn what_the_judge_refuses_is_refused_on_both_sides() {
    let (mut dialler, hello) = dial(local("a"), secret("x"), 1);
    let mut listener = listen(local("b"), secret("x"), 2);
    let challenge = say(listener.handle_frame(&hello[4..], take_all));
    let proof = say(dialler.handle_frame(&challenge[4..], take_all));
    let there = listener.handle_frame(&proof[4..], |_| Err(Refusal::NameTaken));
    let here = dialler.handle_frame(&say(there)[4..], take_all);
    assert!(matches!(
        here,
        Step::Failed {
            why: Closed::RefusedByPeer {
                code: Refusal::NameTaken,
                ..
            },
            ..
        }
    ));
}

#[test]
fn one_that_says_nothing_is_refused_in_time() {
    let mut listener = listen(local("b"), secret("x"), 2);
    assert_eq!(listener.deadline(), t0() + TIMEOUT);
    assert!(matches!(
        listener.handle_timeout(),
        Step::Failed {
            why: Closed::Refused {
                code: Refusal::TimedOut,
                ..
            },
            ..
        }
    ));
    let (_, hello) = dial(local("a"), secret("x"), 1);
    let late = listener.handle_frame(&hello[4..], take_all);
    assert!(matches!(late, Step::Failed { .. }), "it is over");
}

proptest! {
    /// Whatever bit is turned on the way, nobody ends with an agreement that the other does not share.
    #[test]
    fn a_turned_bit_never_ends_in_half_an_agreement(frame in 0..4_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (mut dialler, hello) = dial(local("a"), secret("x"), 1);
        let mut listener = listen(local("b"), secret("x"), 2);
        let turn = |number: usize, mut bytes: Vec<u8>| {
            if number == frame && bytes.len() > 4 {
                let at = 4 + at.index(bytes.len() - 4);
                bytes[at] ^= 1 << bit;
            }
            bytes
        };
        let hello = turn(0, hello);
        let challenge = turn(1, say(listener.handle_frame(frame_of(&hello), take_all)));
        let proof = turn(2, say(dialler.handle_frame(frame_of(&challenge), take_all)));
        let there = listener.handle_frame(frame_of(&proof), take_all);
        if frame < 3 {
            prop_assert!(agreed(&there).is_none());
        }
        let welcome = turn(3, say(there));
        prop_assert!(agreed(&dialler.handle_frame(frame_of(&welcome), take_all)).is_none());
    }

    #[test]
    fn any_frames_end_in_a_refusal(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 1..5)) {
        let mut listener = listen(local("b"), secret("x"), 2);
        let (mut dialler, _) = dial(local("a"), secret("x"), 1);
        for frame in &frames {
            prop_assert!(agreed(&listener.handle_frame(frame, take_all)).is_none());
            prop_assert!(agreed(&dialler.handle_frame(frame, take_all)).is_none());
        }
    }
}

#[test]
fn every_frame_of_a_handshake_fits_the_limit_of_strangers() {
    let mut local = local(&"n".repeat(63));
    local.cluster = "c".repeat(crate::wire::CLUSTER_BYTES_MAX);
    local.codecs = (0..=255).collect();
    let (_, hello) = dial(local, secret("x"), 1);
    let mut decoder = Decoder::new(crate::wire::frame::HANDSHAKE_FRAME_BYTES_MAX);
    decoder.feed(&hello);
    assert!(decoder.next().is_ok_and(|frame| frame.is_some()));
}

#[test]
fn both_have_the_same_keys_for_datagrams_if_both_want_them_and_know_a_secret() {
    let wants = |name: &str| Local {
        features: 0b11 | DATAGRAMS,
        ..local(name)
    };
    let keys = |ends: &(Step, Step)| {
        let of = |step| agreed(step).expect("they agree").datagrams.clone();
        (of(&ends.0), of(&ends.1))
    };
    let (Some(here), Some(there)) = keys(&meet((wants("a"), secret("x")), (wants("b"), secret("x")))) else {
        panic!("both want them");
    };
    assert_eq!((&here.ours, &here.theirs), (&there.theirs, &there.ours));
    assert_ne!(here.ours, here.theirs, "what one sends is not good for sending back");

    let of_another = keys(&meet((wants("a"), secret("y")), (wants("b"), secret("y"))));
    assert_ne!(of_another.0, Some(here));
    let one_alone = keys(&meet((wants("a"), secret("x")), (local("b"), secret("x"))));
    assert_eq!(one_alone, (None, None));

    let certified = |secret: Option<&[u8]>| Auth::Certificate {
        names: vec!["a".to_owned(), "b".to_owned()],
        secret: secret.and_then(Secret::new),
    };
    let ends = |secret| keys(&meet((wants("a"), certified(secret)), (wants("b"), certified(secret))));
    assert!(ends(Some(&b"what both know of their connection"[..])).0.is_some());
    assert_eq!(ends(None), (None, None));
}
