//! A secret that two nodes share, which proves things and never shows itself.

use std::fmt;
use std::sync::Arc;

use ring::hmac;

/// A shared secret. It has no text form: neither logs nor errors can hold it.
///
/// Use at least 16 random bytes: who listens in on a handshake can try out short ones at leisure.
#[derive(Clone)]
pub struct Secret(Arc<hmac::Key>);

impl Secret {
    /// The fewest bytes that a secret may have.
    pub const BYTES_MIN: usize = 16;

    /// Takes the secret. `None` if it is shorter than [`BYTES_MIN`](Self::BYTES_MIN).
    pub fn new(secret: &[u8]) -> Option<Self> {
        let long_enough = secret.len() >= Self::BYTES_MIN;
        long_enough.then(|| Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret))))
    }

    /// HMAC-SHA256 (RFC 2104) over all of `parts`, each with its length before it.
    pub(crate) fn prove(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut proof = [0; 32];
        proof.copy_from_slice(hmac::sign(&self.0, &joined(parts)).as_ref());
        proof
    }

    /// Another secret, which those who know this one can make of `parts`, and nobody else.
    pub(crate) fn derive(&self, parts: &[&[u8]]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &self.prove(parts))))
    }

    /// Checks a proof, in a time that says nothing of where it is wrong.
    pub(crate) fn check(&self, parts: &[&[u8]], proof: &[u8]) -> bool {
        hmac::verify(&self.0, &joined(parts), proof).is_ok()
    }
}

/// With lengths, so that no two lists of parts are the same bytes.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_le_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_its_parts_and_its_secret_alone() {
        let secret = Secret::new(b"sixteen bytes or more").unwrap();
        let other = Secret::new(b"sixteen bytes or less").unwrap();
        let proof = secret.prove(&[b"ab", b"c"]);
        assert!(secret.check(&[b"ab", b"c"], &proof));
        assert!(!secret.check(&[b"a", b"bc"], &proof));
        assert!(!secret.check(&[b"ab", b"c"], &proof[..31]));
        assert!(!other.check(&[b"ab", b"c"], &proof));
    }

    #[test]
    fn a_secret_is_long_and_shows_nothing() {
        assert!(Secret::new(b"fifteen bytes..").is_none());
        assert_eq!(format!("{:?}", Secret::new(b"sixteen bytes or more")), "Some(Secret)");
    }
}
