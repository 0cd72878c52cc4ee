//! A message for several nodes, which is encoded once.

use actor_wire::{Codec, Wire};

use super::{Terms, outside};

/// What of sending a message is the same for all who are sent a copy.
#[derive(Default)]
pub(crate) struct Draft {
    /// As each codec has it; `None` where it cannot be the same for all.
    encoded: Vec<(Codec, Option<Vec<u8>>)>,
    /// Where a copy is made of it.
    pub(crate) copy: Vec<u8>,
}

impl Draft {
    /// Puts the bytes of the message for a peer with these terms into `copy`. Returns `false` if it is to be encoded for that
    /// peer alone: a handle or a reply port is in it, or it is too large.
    pub(crate) fn copy_for<M: Wire>(&mut self, terms: &Terms, msg: &M) -> bool {
        let known = self.encoded.iter().position(|(codec, _)| *codec == terms.codec);
        let at = known.unwrap_or_else(|| {
            let mut bytes = Vec::new();
            // What stands for a handle or a reply port depends on the peer: here there is none, and it is an error.
            let encoded = outside(|| terms.codec.encode(msg, &mut bytes, terms.body_bytes_max));
            self.encoded.push((terms.codec, encoded.is_ok().then_some(bytes)));
            self.encoded.len() - 1
        });
        self.copy.clear();
        match &self.encoded[at].1 {
            Some(bytes) if bytes.len() <= terms.body_bytes_max => {
                self.copy.extend_from_slice(bytes);
                true
            }
            _ => false,
        }
    }
}
