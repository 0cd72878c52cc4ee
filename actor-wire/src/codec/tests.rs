//! Both codecs: what goes there and back, and what strangers may send.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serializer};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Nothing,
    Text(String),
    Numbers(u8, i16, u32, i64, u128, f64),
    Room { name: Option<char>, seats: Vec<Seat> },
    Names(BTreeMap<String, BTreeSet<u16>>),
    Within(Box<Message>),
    Later(Duration, ()),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seat(bool, Result<u8, String>);

fn messages() -> impl Strategy<Value = Message> {
    let seat = (any::<bool>(), prop::result::maybe_ok(any::<u8>(), ".*")).prop_map(|(taken, who)| Seat(taken, who));
    let names = prop::collection::btree_map(".*", prop::collection::btree_set(any::<u16>(), 0..4), 0..4);
    let leaf = prop_oneof![
        Just(Message::Nothing),
        ".*".prop_map(Message::Text),
        (
            any::<u8>(),
            any::<i16>(),
            any::<u32>(),
            any::<i64>(),
            any::<u128>(),
            prop::num::f64::NORMAL
        )
            .prop_map(|(a, b, c, d, e, f)| Message::Numbers(a, b, c, d, e, f)),
        (any::<Option<char>>(), prop::collection::vec(seat, 0..9))
            .prop_map(|(name, seats)| Message::Room { name, seats }),
        names.prop_map(Message::Names),
        any::<Duration>().prop_map(|time| Message::Later(time, ())),
    ];
    leaf.prop_recursive(8, 8, 1, |inner| {
        inner.prop_map(|inner| Message::Within(Box::new(inner)))
    })
}

fn encoded<T: Serialize + ?Sized>(codec: Codec, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    codec.encode(value, &mut bytes, usize::MAX).expect("it can be encoded");
    bytes
}

fn decoded<T: DeserializeOwned>(codec: Codec, bytes: &[u8]) -> Result<T, DecodeError> {
    codec.decode(bytes, &Limits::default())
}

proptest! {
    #[test]
    fn what_is_encoded_comes_back(message in messages(), before in prop::collection::vec(any::<u8>(), 0..9)) {
        for codec in Codec::ALL {
            let mut bytes = before.clone();
            codec.encode(&message, &mut bytes, usize::MAX).expect("it can be encoded");
            prop_assert_eq!(&bytes[..before.len()], &before[..]);
            prop_assert_eq!(decoded::<Message>(codec, &bytes[before.len()..]), Ok(message.clone()));
        }
    }

    #[test]
    fn a_message_cut_short_is_refused(message in messages(), cut in any::<prop::sample::Index>()) {
        for codec in Codec::ALL {
            let bytes = encoded(codec, &message);
            let kept = cut.index(bytes.len());
            prop_assert!(decoded::<Message>(codec, &bytes[..kept]).is_err());
        }
    }

    #[test]
    fn a_message_with_a_byte_too_many_is_refused(message in messages(), extra in 1_usize..9) {
        for codec in Codec::ALL {
            let mut bytes = encoded(codec, &message);
            bytes.resize(bytes.len() + extra, 0);
            prop_assert_eq!(decoded::<Message>(codec, &bytes), Err(DecodeError::LeftOver { bytes: extra }));
        }
    }

    #[test]
    fn no_bytes_whatever_panic_or_take_for_ever(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for codec in Codec::ALL {
            let _ = decoded::<Message>(codec, &bytes);
            let _ = decoded::<Vec<()>>(codec, &bytes);
            let _ = decoded::<HashMap<u64, Vec<Vec<()>>>>(codec, &bytes);
            let _ = decoded::<(String, Option<Box<[u8]>>, char, bool)>(codec, &bytes);
        }
    }

    #[test]
    fn a_message_with_one_byte_changed_does_no_harm(
        message in messages(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        for codec in Codec::ALL {
            let mut bytes = encoded(codec, &message);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decoded::<Message>(codec, &bytes);
        }
    }

    #[test]
    fn the_limit_is_exact_and_leaves_no_trace(message in messages()) {
        for codec in Codec::ALL {
            let bytes = encoded(codec, &message);
            let mut out = vec![7; 3];
            let too_large = codec.encode(&message, &mut out, bytes.len() - 1);
            prop_assert_eq!(too_large, Err(EncodeError::TooLarge { bytes_max: bytes.len() - 1 }));
            prop_assert_eq!(&out, &[7; 3]);
            prop_assert_eq!(codec.encode(&message, &mut out, bytes.len()), Ok(()));
        }
    }
}

#[test]
fn ids_are_known_and_stay() {
    assert_eq!(Codec::ALL.map(Codec::id), [1, 2]);
    for codec in Codec::ALL {
        assert_eq!(Codec::from_id(codec.id()), Some(codec));
    }
    assert_eq!(Codec::from_id(0), None);
    assert_eq!(Codec::from_id(3), None);
}

#[test]
fn the_bytes_of_a_message_never_change() {
    let message = Message::Room {
        name: Some('ü'),
        seats: vec![Seat(true, Ok(3)), Seat(false, Err("gone".into()))],
    };
    assert_eq!(
        encoded(Codec::Bincode, &message),
        b"\x03\x01\xc3\xbc\x02\x01\x00\x03\x00\x01\x04gone"
    );
    assert_eq!(
        encoded(Codec::Postcard, &message),
        b"\x03\x01\x02\xc3\xbc\x02\x01\x00\x03\x00\x01\x04gone"
    );
}

/// A length of 2^62, in the integers of each codec.
fn huge_length(codec: Codec) -> Vec<u8> {
    encoded(codec, &(1_u64 << 62))
}

#[test]
fn a_huge_length_is_refused_before_anything_is_allocated() {
    for codec in Codec::ALL {
        let length = huge_length(codec);
        let elements_max = length.len();
        // postcard gives no hint that is beyond the bytes, so there the first element ends it.
        let refused = |outcome: DecodeError| match outcome {
            DecodeError::TooMany { elements_max: max } => assert_eq!(max, elements_max),
            DecodeError::Malformed(_) if codec == Codec::Postcard => {}
            other => panic!("{codec}: {other:?}"),
        };
        refused(decoded::<Vec<u64>>(codec, &length).unwrap_err());
        refused(decoded::<Vec<u8>>(codec, &length).unwrap_err());
        refused(decoded::<HashMap<u64, u64>>(codec, &length).unwrap_err());
        refused(decoded::<BTreeSet<String>>(codec, &length).unwrap_err());
        assert!(matches!(
            decoded::<String>(codec, &length),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(
            decoded::<Box<str>>(codec, &length),
            Err(DecodeError::Malformed(_))
        ));
    }
}

#[test]
fn a_sequence_of_things_without_bytes_does_not_spin() {
    for codec in Codec::ALL {
        assert!(matches!(
            decoded::<Vec<()>>(codec, &huge_length(codec)),
            Err(DecodeError::TooMany { .. })
        ));
        // As many as there are bytes in all, and not as many in each.
        let many = vec![vec![(); 30]; 30];
        assert_eq!(
            decoded::<Vec<Vec<()>>>(codec, &encoded(codec, &many)),
            Err(DecodeError::TooMany { elements_max: 31 })
        );
        assert_eq!(decoded(codec, &encoded(codec, &vec![()])), Ok(vec![()]));
    }
}

fn nest(levels: usize) -> Message {
    (0..levels).fold(Message::Nothing, |inner, _| Message::Within(Box::new(inner)))
}

#[test]
fn a_message_nested_too_deep_is_refused() {
    for codec in Codec::ALL {
        assert_eq!(decoded(codec, &encoded(codec, &nest(63))), Ok(nest(63)));
        assert_eq!(
            decoded::<Message>(codec, &encoded(codec, &nest(64))),
            Err(DecodeError::TooDeep { depth_max: 64 })
        );
        // `Within`, and never an end: it would overflow the stack.
        assert_eq!(
            decoded::<Message>(codec, &vec![5; 1 << 20]),
            Err(DecodeError::TooDeep { depth_max: 64 })
        );
        let limits = Limits { depth_max: 3 };
        assert_eq!(codec.decode(&encoded(codec, &nest(2)), &limits), Ok(nest(2)));
        assert!(codec.decode::<Message>(&encoded(codec, &nest(3)), &limits).is_err());
    }
}

#[test]
fn siblings_are_not_deep() {
    for codec in Codec::ALL {
        let many: Vec<Option<Message>> = (0..1000).map(|n| Some(nest(n % 50))).collect();
        assert_eq!(decoded(codec, &encoded(codec, &many)), Ok(many));
    }
}

#[derive(Debug)]
struct Sulking;

impl Serialize for Sulking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("not today"))
    }
}

impl<'de> Deserialize<'de> for Sulking {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("not today"))
    }
}

#[test]
fn the_words_of_a_deserialize_are_kept() {
    for codec in Codec::ALL {
        let words = Err(DecodeError::Malformed("not today".into()));
        assert_eq!(decoded::<(u8, Vec<Sulking>)>(codec, &[1, 1]).map(drop), words);
        assert_eq!(decoded::<Option<Sulking>>(codec, &[1]).map(drop), words);
        let unknown = decoded::<Message>(codec, &[99]).unwrap_err().to_string();
        assert!(unknown.contains("variant index"), "{unknown}");
    }
}

#[test]
fn a_serialize_that_refuses_leaves_nothing_behind() {
    for codec in Codec::ALL {
        let mut out = vec![1];
        let refused = codec.encode(&("before", Sulking), &mut out, 100).unwrap_err();
        assert_eq!(out, [1]);
        if codec == Codec::Bincode {
            assert_eq!(refused, EncodeError::Refused("not today".into()));
        }
    }
}

struct Panicking;

impl Serialize for Panicking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("on the way out")
    }
}

#[test]
fn a_serialize_that_panics_leaves_nothing_behind() {
    for codec in Codec::ALL {
        let mut out = vec![1];
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            codec.encode(&("before", Panicking), &mut out, 100)
        }));
        assert!(panicked.is_err());
        assert_eq!(out, [1]);
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
}

#[test]
fn what_wants_a_format_that_describes_itself_is_refused() {
    for codec in Codec::ALL {
        let bytes = encoded(codec, &Untagged::Number(3));
        assert!(matches!(
            decoded::<Untagged>(codec, &bytes),
            Err(DecodeError::Malformed(_))
        ));
    }
}
