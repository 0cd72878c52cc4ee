//! Packets as bytes: each kind comes back as it was written, and nothing else is taken.

use proptest::prelude::*;

use super::*;

fn identity(name: &str) -> Identity {
    Identity {
        id: NodeId {
            name: NodeName::new(name).expect("a name"),
            incarnation: Incarnation(7),
        },
        stay: Stay(3),
        address: "10.0.0.1:4000".into(),
    }
}

fn rank(is_suspect: bool) -> Rank {
    Rank {
        stay: Stay(2),
        is_down: false,
        incarnation: 1,
        is_suspect,
    }
}

fn every_kind() -> Vec<Said<'static>> {
    vec![
        Said::Gossip(b"whatever foca says"),
        Said::Ping {
            token: 1,
            doubted: None,
        },
        Said::Ping {
            token: 2,
            doubted: Some(5),
        },
        Said::Pong { token: 1 },
        Said::Try {
            token: 4,
            who: identity("x"),
            incarnation: 5,
        },
        Said::Tried {
            token: 4,
            reached: true,
        },
        Said::Out,
        Said::Want(vec![identity("x").id.name, identity("y").id.name]),
        Said::Cards,
        Said::Known {
            after: None,
            up_to: Some(identity("y").id.name),
            members: vec![
                (identity("x").id.name, rank(false)),
                (identity("y").id.name, rank(true)),
            ],
        },
        Said::News(vec![
            Member::new(identity("x"), 1, foca::State::Down),
            Member::new(identity("y"), 2, foca::State::Suspect),
        ]),
    ]
}

fn packet(said: Said<'static>, cards: usize) -> Packet<'static> {
    let card = CardOf {
        id: identity("y").id,
        stay: Stay(9),
        card: &[5; 1000],
    };
    Packet {
        head: Head {
            src: identity("a"),
            incarnation: 2,
            your_stay: Stay(8),
            card_number: 6,
            view: 4,
        },
        said,
        cards: vec![card; cards],
    }
}

#[test]
fn every_kind_comes_back_as_it_was_written() {
    for said in every_kind() {
        let packet = packet(said, 2);
        let mut bytes = Vec::new();
        assert_eq!(packet.encode(1, &mut bytes), 2);
        let again = Packet::parse(&bytes, 1).expect("a packet");
        assert_eq!(again.head.src.address, packet.head.src.address);
        assert_eq!(
            (again.head, again.said, again.cards),
            (packet.head, packet.said, packet.cards)
        );
    }
}

#[test]
fn a_packet_of_another_cluster_is_not_read() {
    let mut bytes = Vec::new();
    packet(Said::Out, 0).encode(1, &mut bytes);
    assert_eq!(Packet::parse(&bytes, 2).err(), Some(PacketError::Cluster));
}

#[test]
fn what_is_cut_short_or_goes_on_is_no_packet() {
    for said in every_kind() {
        let mut bytes = Vec::new();
        packet(said, 1).encode(1, &mut bytes);
        for end in 0..bytes.len() {
            assert!(Packet::parse(&bytes[..end], 1).is_err(), "{end} bytes");
        }
        bytes.push(0);
        assert!(Packet::parse(&bytes, 1).is_err());
    }
}

#[test]
fn a_packet_holds_as_many_cards_as_it_has_room_for() {
    let mut bytes = Vec::new();
    let held = packet(Said::Cards, 20).encode(1, &mut bytes);
    assert!((7..20).contains(&held) && bytes.len() <= PACKET_BYTES_MAX);
    assert_eq!(Packet::parse(&bytes, 1).expect("a packet").cards.len(), held);
}

/// As `docs/protocol.md` has it.
#[test]
fn a_packet_is_the_bytes_that_the_document_shows() {
    let src = Identity {
        address: "a:1".into(),
        ..identity("a")
    };
    let head = Head {
        src,
        incarnation: 0,
        your_stay: Stay(7),
        card_number: 1,
        view: 0x10,
    };
    let (said, cards) = (Said::Out, Vec::new());
    let mut bytes = Vec::new();
    Packet { head, said, cards }.encode(crate::id::number_of("chat"), &mut bytes);
    let shown = "0106289de348c6662946010061070000000000000003000000000000000300613a310000070000000000000001000000100000000000000000";
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, shown);
}

proptest! {
    #[test]
    fn bytes_of_others_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Packet::parse(&bytes, 1);
    }

    #[test]
    fn one_byte_changed_does_no_harm(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let kinds = every_kind();
        let mut bytes = Vec::new();
        packet(kinds[which.index(kinds.len())].clone(), 1).encode(1, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(packet) = Packet::parse(&bytes, 1) {
            let mut again = Vec::new();
            packet.encode(1, &mut again);
            prop_assert_eq!(again, bytes);
        }
    }
}
