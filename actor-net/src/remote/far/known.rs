//! What holds for messages at this moment, to be read without a lock: each message asks for it.

use std::sync::atomic::{AtomicU64, Ordering};

use actor_core::wire::Terms;
use actor_wire::{Codec, Limits};

/// The terms of the conversation that there is, changed under the lock of the link. Read while they change, they can be those of one
/// conversation under the number of the one before, in which nothing is sent any more.
#[derive(Default)]
pub(super) struct Known {
    /// 0 for none.
    session: AtomicU64,
    /// Everything else in one word.
    rest: AtomicU64,
}

const DEPTH_AT: u32 = 32;
const CODEC_AT: u32 = 56;

impl Known {
    pub(super) fn set(&self, terms: Option<&Terms>) {
        self.session.store(0, Ordering::Release);
        let Some(terms) = terms else { return };
        // Both are bounded by the settings: at most 1 GiB, and 256 levels.
        let rest = (terms.body_bytes_max as u64 & u64::from(u32::MAX))
            | (terms.limits.depth_max as u64) << DEPTH_AT
            | u64::from(terms.codec.id()) << CODEC_AT;
        self.rest.store(rest, Ordering::Release);
        self.session.store(terms.session, Ordering::Release);
    }

    /// Whether there are any: there is a conversation, which messages may be sent in.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.session() != 0
    }

    /// The number of the conversation; 0 if there is none.
    #[inline]
    pub(super) fn session(&self) -> u64 {
        self.session.load(Ordering::Acquire)
    }

    pub(super) fn get(&self) -> Option<Terms> {
        let session = self.session.load(Ordering::Acquire);
        let rest = self.rest.load(Ordering::Acquire);
        let codec = Codec::from_id(rest.to_le_bytes()[7]).filter(|_| session != 0)?;
        Some(Terms {
            session,
            codec,
            body_bytes_max: rest as u32 as usize,
            limits: Limits {
                depth_max: (rest >> DEPTH_AT) as u16 as usize,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_terms_are_read_as_they_were_set() {
        let known = Known::default();
        assert!(known.get().is_none());
        for codec in Codec::ALL {
            let terms = Terms {
                session: 7,
                codec,
                body_bytes_max: 1 << 30,
                limits: Limits { depth_max: 256 },
            };
            known.set(Some(&terms));
            assert_eq!(format!("{:?}", known.get()), format!("{:?}", Some(terms)));
        }
        known.set(None);
        assert!(known.get().is_none());
    }
}
