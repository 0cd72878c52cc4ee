//! What several threads write at the same time, far enough apart in memory that none of them takes it from another.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

/// In lines of a cache that it shares with nothing: two of them, as they are fetched in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Apart<T>(pub(crate) T);

impl<T> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// So many threads have a share of their own; of more than that some have one together. A model checker's have one thread.
const SHARES: usize = if cfg!(shuttle) { 1 } else { 8 };

/// The same several times over, where what all write all the time can be put together by one who reads it.
#[derive(Default)]
pub(crate) struct Shares<T>([Apart<T>; SHARES]);

/// Which of the shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(u8);

thread_local! {
    static OWN: Share = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Share::of(NEXT.fetch_add(1, Ordering::Relaxed))
    };
}

impl Share {
    /// That of the thread with this number.
    fn of(thread: usize) -> Self {
        Self((thread % SHARES) as u8)
    }

    /// That of this thread; of one that is being torn down, the first.
    #[inline]
    pub(crate) fn own() -> Self {
        OWN.try_with(|own| *own).unwrap_or(Share(0))
    }
}

impl<T> Shares<T> {
    #[inline]
    pub(crate) fn of(&self, share: Share) -> &T {
        &self.0[usize::from(share.0)]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|share| &share.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_a_few_threads_has_its_own_and_the_rest_share_them() {
        let shares = Shares::<AtomicUsize>::default();
        for thread in 0..3 * SHARES {
            shares.of(Share::of(thread)).fetch_add(1, Ordering::Relaxed);
        }
        assert!(shares.all().all(|count| count.load(Ordering::Relaxed) == 3));
        let at = |share: &Apart<AtomicUsize>| std::ptr::from_ref(share).addr();
        assert!(shares.0.windows(2).all(|two| at(&two[1]) - at(&two[0]) >= 128));
    }

    #[test]
    fn a_thread_keeps_its_share_and_another_has_another() {
        let of_a_thread = || {
            let own = Share::own().0;
            assert_eq!(own, Share::own().0);
            own
        };
        // Threads of other tests may take numbers between these.
        let seen: std::collections::BTreeSet<_> = (0..16 * SHARES)
            .map(|_| std::thread::spawn(of_a_thread).join().expect("it does not fail"))
            .collect();
        assert!(SHARES == 1 || seen.len() > 1);
    }
}
