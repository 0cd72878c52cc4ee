//! The facts of one server, which all its actors share and none changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;
use crate::config::Config;
use crate::network::servers::Servers;
use crate::network::trunk::Trunks;
use crate::network::word::Card;
use crate::protocol::isupport;
use crate::protocol::line::Line;
use crate::protocol::numeric::Numeric;
use crate::protocol::volley::Volley;

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
    /// Which life of the server this is: different from all others of its network.
    pub life: u64,
    /// The ways to the other servers.
    pub trunks: Trunks,
    /// The other servers.
    pub servers: Servers,
    /// Where browsers reach the page.
    page: Option<String>,
    shared_name: Arc<str>,
    messages: AtomicU64,
}

impl Site {
    /// A server with these settings that starts now.
    pub fn new(config: Config, motd: Option<Vec<String>>, life: u64, page: Option<String>) -> Self {
        let isupport = isupport::lines(&config);
        Self {
            shared_name: config.name.as_str().into(),
            config,
            life,
            page,
            trunks: Trunks::default(),
            servers: Servers::default(),
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

    /// The same, for those who keep it.
    pub fn shared_name(&self) -> Arc<str> {
        self.shared_name.clone()
    }

    /// What this server says of itself to others.
    pub fn card(&self) -> Card {
        Card {
            name: self.shared_name(),
            life: self.life,
            info: self.config.network.clone(),
            web: self.page.clone(),
        }
    }

    /// Where the pages of the other servers are, for clients that go to another one when they lose this.
    pub fn pages(&self) -> Line {
        Line::from(self.name(), "SERVERS").trailing(&self.servers.pages().join(" "))
    }

    /// Begins to tell, in one batch, of all those who come or go with another server.
    pub fn volley(&self, kind: &str, server: &str, unix_ms: u64) -> Volley {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        Volley::new(
            self.name(),
            &[kind, self.name(), server],
            format!("n{number:x}"),
            unix_ms,
        )
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
