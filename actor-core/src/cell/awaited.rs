//! Those who ordered the end of a life, and wait for it.

use std::sync::{Arc, Weak};
use std::{mem, slice};

use super::EndOfLife;

/// Most often there is one, who takes no room of its own.
#[derive(Default)]
pub(super) enum Awaited {
    #[default]
    Nobody,
    One(Weak<EndOfLife>),
    #[expect(clippy::box_collection, reason = "each actor has room for this")]
    Many(Box<Vec<Weak<EndOfLife>>>),
}

impl Awaited {
    /// Adds one. Those who have asked for an end and do not wait for it do not pile up.
    pub(super) fn add(&mut self, slot: &Arc<EndOfLife>) {
        let slot = Arc::downgrade(slot);
        *self = match mem::take(self) {
            Self::One(other) if other.strong_count() > 0 => Self::Many(Box::new(vec![other, slot])),
            Self::Nobody | Self::One(_) => Self::One(slot),
            Self::Many(mut slots) => {
                if slots.len() == slots.capacity() {
                    slots.retain(|slot| slot.strong_count() > 0);
                }
                slots.push(slot);
                Self::Many(slots)
            }
        };
    }

    /// Those who still wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Arc<EndOfLife>> {
        let slots = match self {
            Self::Nobody => &[],
            Self::One(slot) => slice::from_ref(slot),
            Self::Many(slots) => &slots[..],
        };
        slots.iter().filter_map(Weak::upgrade)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;
    use crate::slot::Slot;

    fn slot() -> Arc<EndOfLife> {
        Arc::new(Slot::new())
    }

    #[test]
    fn all_who_wait_are_found_however_many() {
        let mut awaited = Awaited::default();
        let slots: Vec<_> = (0..20).map(|_| slot()).collect();
        for (count, slot) in slots.iter().enumerate() {
            assert_eq!(awaited.waiting().count(), count);
            awaited.add(slot);
        }
        let same = |(found, slot): (Arc<EndOfLife>, &Arc<EndOfLife>)| Arc::ptr_eq(&found, slot);
        assert!(awaited.waiting().zip(&slots).all(same));
    }

    #[test]
    fn who_has_gone_leaves_nothing_behind() {
        let mut awaited = Awaited::default();
        for _ in 0..10 {
            awaited.add(&slot());
            assert!(matches!(awaited, Awaited::One(_)));
        }
        let stays = [slot(), slot()];
        stays.iter().for_each(|slot| awaited.add(slot));
        for _ in 0..1_000 {
            awaited.add(&slot());
        }
        assert_eq!(awaited.waiting().count(), 2);
        assert!(matches!(awaited, Awaited::Many(slots) if slots.capacity() < 10));
    }
}
