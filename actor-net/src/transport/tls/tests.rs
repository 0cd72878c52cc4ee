//! Who gets in, who does not, and what is known of who did.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::development_certificates;
use super::*;

const TIMEOUT: Duration = Duration::from_secs(5);

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let unique = u64::from_le_bytes(crate::chance::bytes());
        Self(std::env::temp_dir().join(format!("actor-net-{unique:016x}")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tls(files: &TlsFiles) -> Tls {
    Tls::new(files.clone(), TIMEOUT).expect("the files were just made")
}

/// Both ends, or why there is none. A dialler whose certificate is refused finds out when it reads.
async fn meet(dialler: &Tls, listener: &Tls) -> io::Result<(Stream, Stream)> {
    let mut door = listener.listen("127.0.0.1:0").await?;
    let address = door.address();
    let incoming = async {
        let mut stream = door.accept().await?.opening.await?;
        stream.writer.write_all(b"!").await?;
        stream.writer.flush().await?;
        Ok(stream)
    };
    let outgoing = async {
        let mut stream = dialler.dial(&address).await?;
        stream.reader.read_exact(&mut [0]).await?;
        Ok(stream)
    };
    let (there, here) = tokio::join!(incoming, outgoing);
    match (here, there) {
        (Ok(here), Ok(there)) => Ok((here, there)),
        (Err(why), _) | (_, Err(why)) => Err(why),
    }
}

fn names(stream: &Stream) -> Vec<&str> {
    match &stream.identity {
        Identity::Certificate { names } => names.iter().map(String::as_str).collect(),
        Identity::Unproven => panic!("TLS proves it"),
    }
}

#[tokio::test]
async fn two_of_one_authority_know_each_others_names() {
    let folder = Folder::new();
    let files = development_certificates(&folder.0, &["a", "chat_1.eu"]).unwrap();
    let (mut here, mut there) = meet(&tls(&files[0]), &tls(&files[1])).await.unwrap();
    assert_eq!((names(&here), names(&there)), (vec!["chat_1.eu"], vec!["a"]));
    here.writer.write_all(b"abc").await.unwrap();
    here.writer.flush().await.unwrap();
    let mut bytes = [0; 3];
    there.reader.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"abc");
}

#[tokio::test]
async fn one_of_another_authority_is_refused_on_both_sides() {
    let (ours, theirs) = (Folder::new(), Folder::new());
    let ours = tls(&development_certificates(&ours.0, &["a"]).unwrap()[0]);
    let theirs = tls(&development_certificates(&theirs.0, &["a"]).unwrap()[0]);
    assert!(meet(&ours, &theirs).await.is_err());
    assert!(meet(&theirs, &ours).await.is_err());
}

#[tokio::test]
async fn a_dialler_without_an_authority_in_common_is_not_let_in() {
    // It trusts the listener, and is not trusted.
    let (ours, theirs) = (Folder::new(), Folder::new());
    let ours = development_certificates(&ours.0, &["a"]).unwrap().remove(0);
    let mut stranger = development_certificates(&theirs.0, &["b"]).unwrap().remove(0);
    stranger.authorities.clone_from(&ours.authorities);
    assert!(meet(&tls(&stranger), &tls(&ours)).await.is_err());
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let folder = Folder::new();
    let good = development_certificates(&folder.0, &["a"]).unwrap().remove(0);
    let old = expired(&folder.0);
    assert!(meet(&tls(&good), &tls(&old)).await.is_err());
    assert!(meet(&tls(&old), &tls(&old)).await.is_err());
}

/// Its own authority, and good for the year 2000.
fn expired(folder: &Path) -> TlsFiles {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["old".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let files = TlsFiles {
        certificate: folder.join("old.pem"),
        key: folder.join("old.key"),
        authorities: folder.join("old.pem"),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    files
}

#[tokio::test]
async fn certificates_are_changed_without_a_restart() {
    let folder = Folder::new();
    let node = tls(&development_certificates(&folder.0, &["a"]).unwrap()[0]);
    let other = tls(&development_certificates(&folder.0, &["a"]).unwrap()[0]);
    assert!(meet(&node, &other).await.is_err(), "the files have a new authority");
    node.reload().unwrap();
    assert!(meet(&node, &other).await.is_ok());
    std::fs::remove_file(folder.0.join("a.key")).unwrap();
    assert!(matches!(node.reload(), Err(CertificateError::File { path, .. }) if path.ends_with("a.key")));
    assert!(meet(&node, &other).await.is_ok(), "what was read before stays in use");
}

#[test]
fn files_that_do_not_go_together_are_refused() {
    let (one, other) = (Folder::new(), Folder::new());
    let mut files = development_certificates(&one.0, &["a"]).unwrap().remove(0);
    files.key = development_certificates(&other.0, &["a"]).unwrap().remove(0).key;
    assert!(matches!(
        Tls::new(files.clone(), TIMEOUT),
        Err(CertificateError::Unusable(_))
    ));
    files.key.clone_from(&files.certificate);
    assert!(matches!(Tls::new(files, TIMEOUT), Err(CertificateError::File { .. })));
}

#[cfg(unix)]
#[test]
fn a_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let files = development_certificates(&folder.0, &["a"]).unwrap();
    let mode = std::fs::metadata(&files[0].key).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}
