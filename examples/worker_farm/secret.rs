//! The secret that all who take part share, in a file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use actor_net::Secret;
use anyhow::{Context as _, bail};

/// Takes all bytes of the file but white space at its end, which editors add.
pub(crate) fn read(file: &Path) -> anyhow::Result<Secret> {
    let why = || format!("{}: `worker_farm secret` makes such a file", file.display());
    let bytes = fs::read(file).with_context(why)?;
    match Secret::new(bytes.trim_ascii_end()) {
        Some(secret) => Ok(secret),
        None => bail!("{}: a secret has at least {} bytes", file.display(), Secret::BYTES_MIN),
    }
}

/// For its owner's eyes alone. What is there stays.
pub(crate) fn write(file: &Path) -> anyhow::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(file).with_context(|| file.display().to_string());
    Ok(opened?.write_all(text.as_bytes())?)
}

/// One that goes when this does.
pub(crate) fn temporary() -> anyhow::Result<Temporary> {
    let file = std::env::temp_dir().join(format!("worker_farm-{}.secret", std::process::id()));
    write(&file)?;
    Ok(Temporary(file))
}

pub(crate) struct Temporary(pub(crate) PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
