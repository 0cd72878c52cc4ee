//! The facts of one server, which all its actors share and none changes.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;
use crate::config::Config;
use crate::protocol::isupport;
use crate::protocol::line::Line;
use crate::protocol::numeric::Numeric;

/// What is fixed while a server runs.
#[derive(Debug)]
pub struct Site {
    /// The settings, checked.
    pub config: Config,
    /// When it started.
    pub started_ms: u64,
    /// The message of the day, cut into lines.
    pub motd: Option<Vec<String>>,
    /// The tokens of `RPL_ISUPPORT`, in groups for one line.
    pub isupport: Vec<Vec<String>>,
    messages: AtomicU64,
}

impl Site {
    /// A server with these settings that starts now.
    pub fn new(config: Config, motd: Option<Vec<String>>) -> Self {
        let isupport = isupport::lines(&config);
        Self {
            config,
            started_ms: clock::unix_ms(),
            motd,
            isupport,
            messages: AtomicU64::new(0),
        }
    }

    /// The server's name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Begins a numeric reply to `nick`.
    pub fn numeric(&self, numeric: Numeric, nick: &str) -> Line {
        Line::numeric(self.name(), numeric, nick)
    }

    /// An id that no other message of this server has, nor one of an earlier run.
    pub fn message_id(&self) -> String {
        format!(
            "{:x}-{:x}",
            self.started_ms,
            self.messages.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// Which software this is.
    pub fn version() -> &'static str {
        concat!("actor-chat-", env!("CARGO_PKG_VERSION"))
    }
}
