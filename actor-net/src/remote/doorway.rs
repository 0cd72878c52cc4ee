//! Where connections come in that nobody knows yet: who is let in to its handshake, and who is not.

use std::sync::{Arc, Mutex};

use crate::config::NetConfig;
use crate::peer::callers::{Callers, Crowded, Origin};

use super::complaints::Complaint;
use super::conversation::lock;

pub(super) struct Doorway {
    callers: Mutex<Callers>,
    dropped: Complaint,
}

/// One who was let in, until its handshake is over.
pub(super) struct Entered {
    doorway: Arc<Doorway>,
    origin: Origin,
}

impl Doorway {
    pub(super) fn new(config: &NetConfig) -> Arc<Self> {
        Arc::new(Self {
            callers: Mutex::new(Callers::new(config.handshakes_max, config.handshakes_each_max)),
            dropped: Complaint::default(),
        })
    }

    /// Lets one in that comes from there. `None`: it is to be dropped, which is said in the log.
    pub(super) fn enter(self: &Arc<Self>, from: &str) -> Option<Entered> {
        let origin = Origin::of(from);
        let entered = lock(&self.callers).comes(&origin);
        match entered {
            Ok(()) => Some(Entered {
                doorway: self.clone(),
                origin,
            }),
            Err(crowded) => {
                if let Some(times) = self.dropped.once_more() {
                    let why = match crowded {
                        Crowded::All => "too many handshakes at a time",
                        Crowded::Origin => "too many handshakes at a time from one address",
                    };
                    tracing::warn!(from, times, "{why}; this one is dropped");
                }
                None
            }
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        lock(&self.doorway.callers).goes(&self.origin);
    }
}
