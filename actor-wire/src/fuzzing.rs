//! The door through which fuzzers come in; what they find is replayed by a test.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::limits::Limits;

/// A message of all kinds of parts.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    Unit,
    Numbers(u8, i16, u32, i64, u128, Option<bool>),
    Text {
        words: String,
        letter: char,
    },
    Many(Vec<Message>),
    Within(Box<Message>),
    Names(BTreeMap<String, Vec<bool>>),
    Set(HashSet<(u16, [i8; 3])>),
    Floats(f32, f64),
    /// Refused in words of its own where it is 0, and where it is too long.
    Picky(NonZeroU32, Duration),
}

/// Bytes as a message, in each codec. Whatever can be read is written again and then read as the same.
///
/// # Panics
/// If it is not: that is what is looked for.
pub fn decode(bytes: &[u8]) {
    for codec in Codec::ALL {
        // Without bytes of their own: read alone, since of two equal keys one stays, and then the rest may be too short for them.
        let _ = codec.decode::<BTreeMap<u8, Vec<()>>>(bytes, &Limits::default());
        let Ok(message) = codec.decode::<Message>(bytes, &Limits::default()) else {
            continue;
        };
        let mut again = Vec::new();
        codec
            .encode(&message, &mut again, usize::MAX)
            .expect("what was decoded can be encoded");
        assert!(
            again.len() <= bytes.len(),
            "{codec}: there was a shorter way to write it"
        );
        let back = codec.decode::<Message>(&again, &Limits::default());
        if !has_set(&message) {
            let back = back.expect("what was encoded can be decoded");
            assert_eq!(format!("{back:?}"), format!("{message:?}"), "{codec}");
        }
    }
}

/// A set has no order, so what `Debug` shows of it cannot be compared.
fn has_set(message: &Message) -> bool {
    match message {
        Message::Set(_) => true,
        Message::Many(all) => all.iter().any(has_set),
        Message::Within(inner) => has_set(inner),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fuzzing_has_found_is_still_handled() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/decode");
        let mut seen = 0;
        for entry in std::fs::read_dir(corpus).expect("the corpus is part of the tree") {
            let path = entry.expect("it can be listed").path();
            super::decode(&std::fs::read(path).expect("it can be read"));
            seen += 1;
        }
        assert!(seen > 10, "{seen} files: where is the corpus?");
    }
}
