//! Starts and stops a server: checks the settings, takes the ports, then starts the actors.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actor_core::prelude::*;
use actor_core::{ShutdownReport, SpawnError};
use actor_net::Cluster;
use argon2::PasswordHash;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::channel::rooms::Rooms;
use crate::config::{Config, OutOfRange};
use crate::connection::Doors;
use crate::connection::connections::{Connections, ConnectionsMsg};
use crate::connection::listener::Listener;
use crate::http::{Port, Web};
use crate::motd::{self, MotdError};
use crate::network::envoy::Sources;
use crate::network::hub::{self, Hub};
use crate::network::peering::PeeringError;
use crate::site::Site;
use crate::transport::tls::{self, TlsError};
use crate::user::directory::Directory;
use crate::user::examiner::Examiner;
use crate::user::request::{EVERYBODY, NETWORK};

/// How many messages the supervisors keep.
const SUPERVISOR_MESSAGES: usize = 1024;
/// A stop waits no longer than this for the last lines of clients, however patient the server is with a single one.
const CLOSING_MAX: Duration = Duration::from_secs(3);
/// Beside the time that clients have for their last lines.
const CLOSING_SLACK: Duration = Duration::from_millis(500);

/// What is read off for those who collect metrics is as old as this at most.
const METRICS_EVERY: Duration = Duration::from_secs(1);

/// A running server.
#[derive(Debug)]
pub struct Server {
    system: System,
    name: String,
    connections: Handle<ConnectionsMsg>,
    cluster: Option<Cluster>,
    patience: Duration,
    irc: Option<SocketAddr>,
    http: Option<SocketAddr>,
    tls: Option<SocketAddr>,
}

/// Why a server could not start. Each says what is wrong, why, and what can be done.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is out of its range.
    #[error(transparent)]
    Setting(#[from] OutOfRange),
    /// An address cannot be understood.
    #[error("{flag} {given}: {reason}; give an address and a port, such as 127.0.0.1:6667")]
    Address {
        /// The flag that gave it.
        flag: &'static str,
        /// What was given.
        given: String,
        /// What is wrong.
        reason: String,
    },
    /// A port cannot be taken.
    #[error("{flag} {address}: {}", bind_advice(source))]
    Bind {
        /// The flag that gave it.
        flag: &'static str,
        /// Which address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The message of the day cannot be shown.
    #[error(transparent)]
    Motd(#[from] MotdError),
    /// TLS cannot be offered.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An operator's password is no hash.
    #[error("the password of operator {name} is not an argon2 hash ({reason}); make one with: argon2 SALT -id -e")]
    OperatorHash {
        /// Whose.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be one of a network.
    #[error(transparent)]
    Peering(#[from] PeeringError),
    /// An actor could not be started.
    #[error(transparent)]
    Actor(#[from] SpawnError),
}

fn bind_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is taken by another program; stop that one, or choose another port".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address; use one of its own, or 0.0.0.0 for all".to_owned()
        }
        io::ErrorKind::PermissionDenied => "this user may not take that port; choose one above 1023".to_owned(),
        _ => format!("{error}; choose another address or port"),
    }
}

impl Server {
    /// Starts a server, which is reachable when this returns.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        config.check()?;
        for operator in &config.operators {
            PasswordHash::new(&operator.hash).map_err(|error| StartError::OperatorHash {
                name: operator.name.clone(),
                reason: error.to_string(),
            })?;
        }
        let motd = match &config.motd {
            Some(path) => Some(motd::read(path, config.limits.outbox_bytes_max / 2).await?),
            None => None,
        };
        let acceptor = match &config.tls {
            Some(tls) => Some(tls::acceptor(&tls.certificate, &tls.key)?),
            None => None,
        };
        let irc = bind("--irc", config.irc.as_deref()).await?;
        let tls = bind("--irc-tls", config.tls.as_ref().map(|tls| tls.address.as_str())).await?;
        let http = bind("--http", config.http.as_deref()).await?;
        let system = System::new("chat");
        let cluster = match &config.peering {
            Some(peering) => Some(peering.start(&system, &config.name, &config.network).await?),
            None => None,
        };
        match Self::run(&system, config, motd, irc, tls.zip(acceptor), http, cluster) {
            Ok(server) => Ok(server),
            Err(error) => {
                system.shutdown().await;
                Err(error)
            }
        }
    }

    fn run(
        system: &System,
        config: Config,
        motd: Option<Vec<String>>,
        irc: Option<TcpListener>,
        tls: Option<(TcpListener, TlsAcceptor)>,
        http: Option<TcpListener>,
        cluster: Option<Cluster>,
    ) -> Result<Self, StartError> {
        let addr = |port: &TcpListener| port.local_addr().ok();
        let addrs = (
            irc.as_ref().and_then(addr),
            http.as_ref().and_then(addr),
            tls.as_ref().and_then(|(port, _)| addr(port)),
        );
        if config.metrics.is_some() {
            system.spawn_spec(system.metrics(METRICS_EVERY))?;
            if let Some(cluster) = &cluster {
                system.spawn_spec(cluster.node().metrics(METRICS_EVERY))?;
            }
        }
        let name = config.name.clone();
        let (patience, messages_max) = (config.limits.farewell_timeout, config.limits.mailbox_messages_max);
        let life = cluster.as_ref().map_or(0, |cluster| cluster.node().id().incarnation.0);
        let page = config.peering.as_ref().and_then(|peering| peering.page.clone());
        let page = page.or_else(|| addrs.1.map(|address| format!("http://{address}")));
        let grace = config.peering.as_ref().map_or(Duration::ZERO, |peering| peering.grace);
        let site = Arc::new(Site::new(config, motd, life, page));

        let (shared, starts) = (site.clone(), Arc::default());
        let spec = ChildSpec::new("directory", move || Directory::new(shared.clone(), Arc::clone(&starts)));
        let directory = system.spawn_spec(spec.mailbox(MailboxSpec::bounded(messages_max)))?;

        let (shared, users) = (site.clone(), directory.clone());
        let spec = ChildSpec::new("rooms", move || Rooms::new(shared.clone(), users.clone()));
        // One room that fails again and again must not take the others with it; its own back-off slows it down.
        let spec = spec.intensity(1_000_000, Duration::from_secs(1));
        let rooms = system.spawn_spec(spec.mailbox(MailboxSpec::bounded(SUPERVISOR_MESSAGES)))?;

        let shared = site.clone();
        let examiner = system.spawn("examiner", move || Examiner::new(shared.clone()))?;

        if let Some(cluster) = &cluster {
            let (shared, member) = (site.clone(), cluster.clone());
            let sources = Sources {
                directory: directory.clone(),
                rooms: rooms.clone(),
            };
            let hub = system.spawn("network", move || {
                Hub::new(shared.clone(), member.clone(), sources.clone(), grace)
            })?;
            if let Err(error) = system.registry().register(NETWORK, &hub::anew(&hub)) {
                tracing::warn!(%error, "other servers will not hear of a fault of the directory");
            }
        }

        let (shared, doors) = (
            site.clone(),
            Doors {
                directory,
                rooms,
                examiner,
                nicks: cluster.as_ref().map(Cluster::names),
            },
        );
        let spec = ChildSpec::new("connections", move || Connections::new(shared.clone(), doors.clone()));
        let connections = system.spawn_spec(spec.mailbox(MailboxSpec::bounded(SUPERVISOR_MESSAGES)))?;

        if let Err(error) = system
            .registry()
            .register(EVERYBODY, &connections.map(ConnectionsMsg::Everybody))
        {
            tracing::warn!(%error, "clients will not hear of a fault of the directory");
        }

        for (name, port, tls) in [
            ("irc", irc, None),
            match tls {
                Some((port, acceptor)) => ("irc-tls", Some(port), Some(acceptor)),
                None => ("irc-tls", None, None),
            },
        ] {
            if let Some(port) = port {
                let (port, door) = (Arc::new(port), connections.clone());
                system.spawn(name, move || Listener::new(port.clone(), tls.clone(), door.clone()))?;
            }
        }
        if let Some(port) = http {
            let (port, door) = (Port::new(port, &site.config.limits), connections.clone());
            let member = cluster.clone();
            system.spawn("http", move || {
                Web::new(port.clone(), site.clone(), door.clone(), member.clone())
            })?;
        }
        Ok(Self {
            system: system.clone(),
            name,
            connections,
            cluster,
            patience,
            irc: addrs.0,
            http: addrs.1,
            tls: addrs.2,
        })
    }

    /// Where IRC over TCP is served.
    pub fn irc_addr(&self) -> Option<SocketAddr> {
        self.irc
    }

    /// Where the page and IRC over WebSocket are served.
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Where IRC over TLS is served.
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where other servers of its network reach it.
    pub fn node_addr(&self) -> Option<&str> {
        self.cluster.as_ref()?.node().address()
    }

    /// Its part in a network, if it is one of several servers.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// The actors, for those who want to look at them.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Tells all clients, gives them a moment to read it, and stops all actors.
    pub async fn shutdown(&self) -> ShutdownReport {
        let reason = "Server is shutting down".to_owned();
        let closed = self.connections.ask(|reply| ConnectionsMsg::CloseAll { reason, reply });
        if closed
            .timeout((self.patience + CLOSING_SLACK).min(CLOSING_MAX))
            .await
            .is_err()
        {
            tracing::warn!("some clients did not take their last lines");
        }
        if let Some(cluster) = &self.cluster {
            cluster.leave().await;
            cluster.node().leave().await;
        }
        self.system.shutdown().await
    }

    /// Resolves when the server has ended, by shutdown or because it could not go on.
    pub async fn terminated(&self) -> ExitReason {
        self.system.terminated().await
    }
}

async fn bind(flag: &'static str, given: Option<&str>) -> Result<Option<TcpListener>, StartError> {
    let Some(given) = given else { return Ok(None) };
    let wrong = |reason: String| StartError::Address {
        flag,
        given: given.to_owned(),
        reason,
    };
    let mut found = tokio::net::lookup_host(given)
        .await
        .map_err(|error| wrong(error.to_string()))?;
    let address = found
        .next()
        .ok_or_else(|| wrong("no address of that name".to_owned()))?;
    match TcpListener::bind(address).await {
        Ok(port) => Ok(Some(port)),
        Err(source) => Err(StartError::Bind { flag, address, source }),
    }
}
