//! The bytes of one conversation, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// Each side is counted by the one task that reads or writes.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    read_bytes: AtomicU64,
    written_bytes: AtomicU64,
}

impl Traffic {
    pub(super) fn read(&self, bytes: usize) {
        self.read_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Relaxed)
    }
}
