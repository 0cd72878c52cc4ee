//! Certificate and key from PEM files, made into what a TLS listener needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, not readable, or holds nothing of use.
    #[error("cannot read the {what} from {path}: {reason}; it must be a PEM file that this user may read")]
    File {
        /// Certificate or key.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// They do not fit each other.
    #[error("certificate and key cannot be used together: {0}; give the key that the certificate was made for")]
    Mismatch(String),
}

/// Reads both files. The cryptography is named, not found: a program may link more than one kind.
///
/// # Errors
/// [`TlsError`] says which file and what to do.
pub fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let file = |what, path: &Path, reason: String| TlsError::File {
        what,
        path: path.to_owned(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| file("certificate", certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(file("certificate", certificate, "no certificate in it".to_owned()));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| file("key", key, error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Mismatch(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| TlsError::Mismatch(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
