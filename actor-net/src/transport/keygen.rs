//! Certificates for development: an authority, and a certificate for each node.

use std::fs;
use std::io;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::tls::TlsFiles;

/// Makes a new authority and a certificate for each of `nodes`, as PEM files in `folder`, which is made if it is not there.
///
/// The authority's own key is not kept: a further node needs a new set. The certificates end in the year 4096; for
/// anything but development use an authority whose certificates end sooner.
///
/// # Errors
/// A file cannot be written, or a name is none for a certificate.
pub fn development_certificates(folder: &Path, nodes: &[&str]) -> io::Result<Vec<TlsFiles>> {
    fs::create_dir_all(folder)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "development nodes");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let authority = CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?;
    let authorities = folder.join("authority.pem");
    fs::write(&authorities, authority.pem())?;

    let make = |node: &&str| {
        let mut params = CertificateParams::new(vec![(*node).to_owned()]).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, *node);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &authority).map_err(io::Error::other)?;
        let files = TlsFiles {
            certificate: folder.join(format!("{node}.pem")),
            key: folder.join(format!("{node}.key")),
            authorities: authorities.clone(),
        };
        fs::write(&files.certificate, certificate.pem())?;
        write_private(&files.key, &key.serialize_pem())?;
        Ok(files)
    };
    nodes.iter().map(make).collect()
}

/// For its owner's eyes alone.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    // An older file would keep the rights that it has.
    if let Err(why) = fs::remove_file(path)
        && why.kind() != io::ErrorKind::NotFound
    {
        return Err(why);
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}
