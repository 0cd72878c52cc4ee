//! How a server becomes one of a network: its settings, and its node.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use actor_core::System;
use actor_net::names::NamesConfig;
use actor_net::transport::{CertificateError, MemoryTransport, Tls, TlsFiles};
use actor_net::{Cluster, NetConfig, Node, NodeName, Profile, Secret, Security};

use crate::config::OutOfRange;
use crate::site::Site;

/// The settings of one server of a network. The name of the network is that of the cluster, and the name of the server that of its node.
#[derive(Debug, Clone)]
pub struct Peering {
    /// Address and port for other servers; port 0 takes a free one.
    pub listen: String,
    /// Where others reach it, if that is not where it listens.
    pub advertise: Option<String>,
    /// Where other servers are. One that is to be the first names none.
    pub join: Vec<String>,
    /// How servers prove who they are.
    pub proof: Proof,
    /// Where browsers reach the page, as `http://host:port`. Default: where it is served.
    pub page: Option<String>,
    /// How long a server is waited for that cannot be reached, before its users are shown to have left. Default 2 s; 10 ms to 1 min.
    pub grace: Duration,
}

/// How servers prove to each other who they are.
#[derive(Clone)]
pub enum Proof {
    /// By a secret in a file that all have.
    SecretFile(PathBuf),
    /// By a secret.
    Secret(Secret),
    /// By certificates, each of which holds the name of its server.
    Tls {
        /// PEM file with the certificate.
        certificate: PathBuf,
        /// PEM file with its key.
        key: PathBuf,
        /// PEM file with the authority that signed those of all servers.
        authority: PathBuf,
    },
    /// Not at all, over a network within this process: for tests.
    Memory(MemoryTransport),
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretFile(_) | Self::Secret(_) => "Proof(secret)",
            Self::Tls { .. } => "Proof(certificates)",
            Self::Memory(_) => "Proof(none)",
        })
    }
}

/// Why a server is none of a network.
#[derive(Debug, thiserror::Error)]
pub enum PeeringError {
    /// There is no secret in the file.
    #[error("--secret-file {}: {why}; it takes at least {} random bytes, the same for all servers", path.display(), Secret::BYTES_MIN)]
    Secret {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The certificates are of no use.
    #[error("the certificates for other servers: {0}")]
    Certificates(#[from] CertificateError),
    /// The node cannot be.
    #[error("--node {listen}: {why}")]
    Node {
        /// Where it was to listen.
        listen: String,
        /// What is wrong.
        why: actor_net::StartError,
    },
    /// It cannot be a member.
    #[error(transparent)]
    Join(#[from] actor_net::JoinError),
}

impl Peering {
    /// A server that listens there, and proves itself so.
    pub fn new(listen: impl Into<String>, proof: Proof) -> Self {
        Self {
            listen: listen.into(),
            advertise: None,
            join: Vec::new(),
            proof,
            page: None,
            grace: Duration::from_secs(2),
        }
    }

    /// Checks names and bounds.
    ///
    /// # Errors
    /// [`OutOfRange`] names the setting that will not do.
    pub fn check(&self, name: &str) -> Result<(), OutOfRange> {
        if NodeName::new(name).is_none() {
            return Err(OutOfRange {
                setting: "name",
                given: format!("{name:?}"),
                range: "made of letters, digits, '-', '_' and '.', as a server of a network has to be called"
                    .to_owned(),
            });
        }
        // Within a process an address is a name.
        let is_memory = matches!(self.proof, Proof::Memory(_));
        let has_port = |address: &str| {
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            is_memory || port.is_some_and(|port| port > 0)
        };
        let join = self.join.iter().map(|address| ("join", address));
        for (setting, address) in join.chain(self.advertise.iter().map(|address| ("advertise", address))) {
            if !has_port(address) {
                return Err(OutOfRange {
                    setting,
                    given: address.clone(),
                    range: "a host and a port, such as 10.0.0.1:7000".to_owned(),
                });
            }
        }
        if !(Duration::from_millis(10)..=Duration::from_secs(60)).contains(&self.grace) {
            return Err(OutOfRange {
                setting: "grace",
                given: format!("{} s", self.grace.as_secs_f64()),
                range: "between 0.01 s and 60 s".to_owned(),
            });
        }
        Ok(())
    }

    /// Starts the node, and has it look for the others.
    ///
    /// # Errors
    /// [`PeeringError`] says what is wrong and what would do; nothing is left running.
    pub async fn start(&self, system: &System, name: &str, network: &str) -> Result<Cluster, PeeringError> {
        // What was tried while nothing got through is tried anew soon after something does.
        let config = NetConfig {
            dial_timeout: Duration::from_secs(2),
            handshake_timeout: Duration::from_secs(2),
            reconnect_max: Duration::from_secs(1),
            ..NetConfig::default()
        };
        let security = self.security(config.heartbeat_timeout)?;
        let node = Node::builder(system).name(name).cluster(network).listen(&self.listen);
        let node = node.security(security).config(config).start().await;
        let node = node.map_err(|why| PeeringError::Node {
            listen: self.listen.clone(),
            why,
        })?;
        let mut cluster = Cluster::builder(&node)
            .seeds(self.join.iter().cloned())
            .names(NamesConfig {
                // Free by the time at which users see that somebody has gone: who waits for a nick takes it then.
                grace: self.grace.mul_f64(0.75),
                ..NamesConfig::default()
            });
        cluster = cluster.profile(Profile {
            version: Site::version().to_owned(),
            ..Profile::default()
        });
        if let Some(address) = &self.advertise {
            cluster = cluster.advertise(address);
        }
        Ok(cluster.begin()?)
    }

    fn security(&self, user_timeout: Duration) -> Result<Security, PeeringError> {
        match &self.proof {
            Proof::SecretFile(path) => {
                let refused = |why: String| PeeringError::Secret {
                    path: path.clone(),
                    why,
                };
                let bytes = std::fs::read(path).map_err(|why| refused(why.to_string()))?;
                // Editors end a file with a new line.
                let secret = Secret::new(bytes.trim_ascii_end());
                let secret = secret.ok_or_else(|| refused("the secret is too short".to_owned()))?;
                Ok(Security::secret(secret))
            }
            Proof::Secret(secret) => Ok(Security::secret(secret.clone())),
            Proof::Tls {
                certificate,
                key,
                authority,
            } => {
                let files = TlsFiles {
                    authorities: authority.clone(),
                    certificate: certificate.clone(),
                    key: key.clone(),
                };
                Ok(Security::tls(Tls::new(files, user_timeout)?))
            }
            Proof::Memory(transport) => Ok(Security::memory(transport.clone(), None)),
        }
    }
}
