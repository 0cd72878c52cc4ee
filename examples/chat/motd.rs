//! The message of the day, read from its file.

use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt;

use crate::protocol::name;

/// Bytes of one line as it is shown; a longer one goes on in the next.
const LINE_BYTES_MAX: usize = 380;
/// Bytes that a reply puts around a line, at most.
const REPLY_BYTES: usize = 110;

/// Why there is no message of the day.
#[derive(Debug, thiserror::Error)]
pub enum MotdError {
    /// The file cannot be read.
    #[error("cannot read the message of the day from {}: {source}; give a text file that this user may read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is no text.
    #[error("the message of the day in {} is not UTF-8; save it as such", path.display())]
    NoText {
        /// Which file.
        path: PathBuf,
    },
    /// A client that is greeted with all of it would be taken for one that does not read.
    #[error("the message of the day in {} is too long: it takes more than the {bytes_max} bytes that are half of \
             outbox-bytes-max; shorten it, or raise that limit", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// How much there may be.
        bytes_max: usize,
    },
}

/// Reads the lines of a message of the day that takes up to `bytes_max` to be sent.
///
/// # Errors
/// [`MotdError`] names the file and what to do. No more is read of a file than fits, however long it is.
pub async fn read(path: &Path, bytes_max: usize) -> Result<Vec<String>, MotdError> {
    let unreadable = |source| MotdError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let too_long = || MotdError::TooLong {
        path: path.to_owned(),
        bytes_max,
    };
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut file = file.take(bytes_max as u64 + 1);
    file.read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.len() > bytes_max {
        return Err(too_long());
    }
    let text = String::from_utf8(bytes).map_err(|_| MotdError::NoText { path: path.to_owned() })?;
    let lines = lines(&text);
    if lines.iter().map(|line| line.len() + REPLY_BYTES).sum::<usize>() > bytes_max {
        return Err(too_long());
    }
    Ok(lines)
}

fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.replace('\t', "    ");
        let line: String = line.chars().filter(|char| !char.is_control()).collect();
        let mut rest = line.as_str();
        loop {
            let part = name::cut(rest, LINE_BYTES_MAX);
            lines.push(part.to_owned());
            rest = &rest[part.len()..];
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cleaned_and_long_ones_go_on_in_the_next() {
        assert_eq!(lines("a\tb\r\n\n\x1b[1mc"), ["a    b", "", "[1mc"]);
        let long = "é".repeat(LINE_BYTES_MAX);
        let parts = lines(&long);
        assert_eq!((parts.len(), parts.concat()), (2, long));
        assert!(lines("").is_empty());
    }
}
