//! TCP under TLS 1.3, both sides with a certificate.
//!
//! Whom to trust is one file of authorities, for the cluster alone. TLS proves that the peer has a key which they have certified; for which
//! *node* that is good says the certificate's alternative names, which the handshake of the protocol compares with the name that
//! the peer claims. So a node is dialled by any address, and no name of a host is looked at.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::split;
use tokio::net::TcpListener;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::tcp::{Tcp, address_of};
use super::{Identity, Incoming, Listener, Stream, Transport};
use crate::secret::Secret;

/// The name under which sessions export what is known to both their ends.
const EXPORTED: &[u8] = b"EXPORTER-actor-net";

/// Where a node's certificate, its key and the authorities lie, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The node's certificate, with those between it and the authority. Its alternative names have the node's name.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The certificates of those whom this node trusts to say who others are.
    pub authorities: PathBuf,
}

/// Why certificates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file is not there, not readable, or holds nothing of use.
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// What they hold does not go together.
    Unusable(String),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateError::File { path, why } => write!(f, "{}: {why}", path.display()),
            CertificateError::Unusable(why) => write!(f, "the certificates cannot be used: {why}"),
        }
    }
}

impl std::error::Error for CertificateError {}

/// TCP under mutual TLS.
#[derive(Clone)]
pub struct Tls {
    tcp: Tcp,
    files: TlsFiles,
    /// Read anew by [`reload`](Self::reload); whoever is in a handshake keeps what it began with.
    configs: Arc<Mutex<Configs>>,
}

#[derive(Clone)]
struct Configs {
    dialler: TlsConnector,
    listener: TlsAcceptor,
}

impl Tls {
    /// Reads the files. `user_timeout` as for [`Tcp::new`].
    ///
    /// # Errors
    /// [`CertificateError`] says which file, and what is wrong with it.
    pub fn new(files: TlsFiles, user_timeout: Duration) -> Result<Self, CertificateError> {
        let configs = Arc::new(Mutex::new(read(&files)?));
        Ok(Self {
            tcp: Tcp::new(user_timeout),
            files,
            configs,
        })
    }

    /// Reads the files again. Connections from now on use what they hold; those that are open stay as they are.
    ///
    /// # Errors
    /// [`CertificateError`]; then what was read before stays in use.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let configs = read(&self.files)?;
        *self.configs.lock().unwrap_or_else(PoisonError::into_inner) = configs;
        Ok(())
    }

    fn configs(&self) -> Configs {
        self.configs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn read(files: &TlsFiles) -> Result<Configs, CertificateError> {
    let unusable = |why: &dyn fmt::Display| CertificateError::Unusable(why.to_string());
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|why| in_file(&files.key, &why))?;
    let mut roots = RootCertStore::empty();
    for authority in certificates(&files.authorities)? {
        roots.add(authority).map_err(|why| in_file(&files.authorities, &why))?;
    }
    let roots = Arc::new(roots);
    // Named, and not found: a program may link more than one kind of cryptography.
    let provider = Arc::new(ring::default_provider());

    let trusts_diallers = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|why| unusable(&why))?;
    let mut listener = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| unusable(&why))?
        .with_client_cert_verifier(trusts_diallers)
        .with_single_cert(chain.clone(), key.clone_key())
        .map_err(|why| unusable(&why))?;
    // A ticket would let a certificate that is no longer trusted in again.
    listener.send_tls13_tickets = 0;

    let trusts_listeners = Arc::new(ByAuthority {
        roots,
        provider: provider.clone(),
    });
    let dialler = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| unusable(&why))?
        .dangerous()
        .with_custom_certificate_verifier(trusts_listeners)
        .with_client_auth_cert(chain, key)
        .map_err(|why| unusable(&why))?;
    Ok(Configs {
        dialler: TlsConnector::from(Arc::new(dialler)),
        listener: TlsAcceptor::from(Arc::new(listener)),
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|why| in_file(path, &why))?;
    if found.is_empty() {
        return Err(in_file(path, &"there is no certificate in it"));
    }
    Ok(found)
}

fn in_file(path: &Path, why: &dyn fmt::Display) -> CertificateError {
    CertificateError::File {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// Trusts who was certified by an authority of the cluster, whatever its name: that is compared later.
#[derive(Debug)]
struct ByAuthority {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&certificate, &self.roots, intermediates, now, algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The names that a certificate is good for.
fn identity(chain: Option<&[CertificateDer<'_>]>) -> Identity {
    let certificate = chain
        .and_then(<[_]>::first)
        .and_then(|first| webpki::EndEntityCert::try_from(first).ok());
    let names = certificate.map(|certificate| certificate.valid_dns_names().map(str::to_owned).collect());
    Identity::Certificate {
        names: names.unwrap_or_default(),
    }
}

/// What both ends of a session know, and nobody else (RFC 8446, 7.5).
fn secret(export: impl FnOnce([u8; 32]) -> Result<[u8; 32], TlsError>) -> Option<Secret> {
    Secret::new(&export([0; 32]).ok()?)
}

#[async_trait]
impl Transport for Tls {
    async fn listen(&self, at: &str) -> io::Result<Box<dyn Listener>> {
        let listener = self.tcp.bind(at).await?;
        Ok(Box::new(TlsDoor {
            tls: self.clone(),
            listener,
        }))
    }

    async fn dial(&self, to: &str) -> io::Result<Stream> {
        let socket = self.tcp.connect(to).await?;
        let address = socket.peer_addr()?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream = self.configs().dialler.connect(name, socket).await?;
        let (_, session) = stream.get_ref();
        let identity = identity(session.peer_certificates());
        let secret = secret(|bytes| session.export_keying_material(bytes, EXPORTED, None));
        let (reader, writer) = split(stream);
        Ok(Stream {
            reader: Box::new(reader),
            writer: Box::new(writer),
            identity,
            secret,
            address: address.to_string(),
        })
    }
}

struct TlsDoor {
    tls: Tls,
    listener: TcpListener,
}

#[async_trait]
impl Listener for TlsDoor {
    async fn accept(&mut self) -> io::Result<Incoming> {
        let (socket, from) = self.listener.accept().await?;
        let tls = self.tls.clone();
        let opening = Box::pin(async move {
            tls.tcp.tune(&socket)?;
            let stream = tls.configs().listener.accept(socket).await?;
            let (_, session) = stream.get_ref();
            let identity = identity(session.peer_certificates());
            let secret = secret(|bytes| session.export_keying_material(bytes, EXPORTED, None));
            let (reader, writer) = split(stream);
            Ok(Stream {
                reader: Box::new(reader),
                writer: Box::new(writer),
                identity,
                secret,
                address: from.to_string(),
            })
        });
        let from = from.to_string();
        Ok(Incoming { from, opening })
    }

    fn address(&self) -> String {
        address_of(&self.listener)
    }
}

#[cfg(test)]
mod tests;
