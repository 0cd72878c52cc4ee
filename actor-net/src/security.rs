//! How nodes prove to each other who they are: a choice of the user's.

use std::fmt;
use std::sync::Arc;

use crate::remote::net::Proof;
use crate::secret::Secret;
use crate::transport::{MemoryTransport, Tls, Transport};

/// How nodes prove to each other who they are, and what carries their bytes.
pub struct Security {
    pub(crate) proof: Proof,
    pub(crate) transport: Choice,
}

pub(crate) enum Choice {
    Tcp,
    Loopback,
    Given(Arc<dyn Transport>),
    Memory(MemoryTransport),
}

impl Security {
    /// By certificates, over TLS: encrypted, and each node is bound to the name in its certificate.
    pub fn tls(tls: Tls) -> Self {
        Self {
            proof: Proof::Certificate,
            transport: Choice::Given(Arc::new(tls)),
        }
    }

    /// By a secret that all nodes share, over plain TCP: nobody else can join, and who listens in can read. For networks that are
    /// encrypted by other means.
    pub fn secret(secret: Secret) -> Self {
        Self {
            proof: Proof::Secret(secret),
            transport: Choice::Tcp,
        }
    }

    /// Not at all. For development: it takes no address but those of this machine alone, and says so in the log.
    pub fn insecure() -> Self {
        Self {
            proof: Proof::Nothing,
            transport: Choice::Loopback,
        }
    }

    /// Over a network within this process, for tests. With a secret, or without.
    pub fn memory(transport: MemoryTransport, secret: Option<Secret>) -> Self {
        Self {
            proof: secret.map_or(Proof::Nothing, Proof::Secret),
            transport: Choice::Memory(transport),
        }
    }

    /// By a secret, over any transport.
    pub fn over(transport: Arc<dyn Transport>, secret: Secret) -> Self {
        Self {
            proof: Proof::Secret(secret),
            transport: Choice::Given(transport),
        }
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.proof {
            Proof::Nothing => "Security(insecure)",
            Proof::Secret(_) => "Security(secret)",
            Proof::Certificate => "Security(certificates)",
        })
    }
}
