//! An assertion for users' tests: this message reaches the other end as it is.

use std::fmt::Debug;

use crate::codec::Codec;
use crate::limits::Limits;
use crate::wire::Wire;

/// Encodes `message`, decodes it and compares, with every codec.
///
/// Values are compared by what `Debug` shows, so that a message needs no `PartialEq`. Encode one value of each variant: what is
/// never encoded is never found out.
///
/// ```
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize, Deserialize)]
/// enum Seat {
///     Take { row: u16, name: String },
/// }
///
/// actor_wire::assert_survives_the_wire(&Seat::Take { row: 3, name: "Ada".into() });
/// ```
///
/// # Panics
/// If a codec cannot encode the message, cannot decode its own bytes, or gives back another one.
#[track_caller]
pub fn assert_survives_the_wire<M: Wire + Debug>(message: &M) {
    let before = format!("{message:?}");
    for codec in Codec::ALL {
        let mut bytes = Vec::new();
        if let Err(why) = codec.encode(message, &mut bytes, usize::MAX) {
            panic!("{before} does not survive {codec}: {why}");
        }
        match codec.decode::<M>(&bytes, &Limits::default()) {
            Ok(after) => assert_eq!(before, format!("{after:?}"), "changed by {codec}"),
            Err(why) => panic!("{before} does not survive {codec}: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Forgetful {
        kept: u8,
        #[serde(skip)]
        _skipped: u8,
    }

    #[test]
    fn what_is_plain_survives() {
        assert_survives_the_wire(&HashMap::from([(1_u8, vec![Some("one".to_owned())])]));
    }

    #[test]
    #[should_panic(expected = "does not survive bincode")]
    fn what_cannot_be_decoded_is_found() {
        assert_survives_the_wire(&Untagged::Number(3));
    }

    #[test]
    #[should_panic(expected = "changed by bincode")]
    fn what_comes_back_changed_is_found() {
        assert_survives_the_wire(&Forgetful { kept: 1, _skipped: 2 });
    }
}
