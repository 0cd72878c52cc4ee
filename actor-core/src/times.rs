//! Where it is recorded how long messages of each kind wait, and are handled.

use std::any::type_name;
use std::collections::HashMap;

use metrics::{Histogram, histogram};

use crate::sync::Mutex;

/// From being queued to being taken up.
pub(crate) const WAIT: &str = "actor.mailbox.wait.duration";

/// From there to the end of the handler, with all that it awaited.
pub(crate) const HANDLING: &str = "actor.handler.duration";

/// Those of one kind.
#[derive(Clone)]
pub(crate) struct Histograms {
    pub(crate) wait: Histogram,
    pub(crate) handling: Histogram,
}

/// Those of all kinds, by the type of the messages: to have them of the recorder takes as long as several messages.
#[derive(Default)]
pub(crate) struct Times(Mutex<HashMap<&'static str, Histograms>>);

impl Times {
    pub(crate) fn of<M>(&self) -> Histograms {
        let kind = type_name::<M>();
        if let Some(known) = self.0.lock().get(kind) {
            return known.clone();
        }
        // The recorder is not ours, and is called without the lock.
        let made = Histograms {
            wait: histogram!(WAIT, "kind" => kind),
            handling: histogram!(HANDLING, "kind" => kind),
        };
        self.0.lock().insert(kind, made.clone());
        made
    }
}
