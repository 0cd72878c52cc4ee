//! Where members may be: asked again and again, so that what it says may change.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;

/// A way to find members.
#[async_trait]
pub trait Discovery: Send + Sync + 'static {
    /// Addresses where members may be now, as `host:port`. This node's own may be among them. It is asked every second until a member was
    /// found, and every five seconds from then on, for the sake of a cluster that began in several places.
    ///
    /// # Errors
    /// They cannot be had now. It is asked again; meanwhile those hold that it has given last, and as long as it has given none, this node does not
    /// begin a cluster of its own. What the error says is logged, once: it should name the thing.
    ///
    /// # Cancel safety
    /// The future may be dropped at any time.
    async fn addresses(&self) -> io::Result<Vec<String>>;
}

pub(super) struct Listed(pub(super) Vec<String>);

#[async_trait]
impl Discovery for Listed {
    async fn addresses(&self) -> io::Result<Vec<String>> {
        Ok(self.0.clone())
    }
}

pub(super) struct Dns(pub(super) String);

#[async_trait]
impl Discovery for Dns {
    async fn addresses(&self) -> io::Result<Vec<String>> {
        let found = tokio::net::lookup_host(&self.0).await;
        let found = found.map_err(|why| about(&why, format!("the name {}", self.0)))?;
        Ok(found.map(|address| address.to_string()).collect())
    }
}

pub(super) struct File(pub(super) PathBuf);

#[async_trait]
impl Discovery for File {
    async fn addresses(&self) -> io::Result<Vec<String>> {
        // A file of a few lines: to have another thread read it would take longer.
        let text = std::fs::read_to_string(&self.0);
        let text = text.map_err(|why| about(&why, format!("the file {}", self.0.display())))?;
        Ok(listed_in(&text))
    }
}

/// Says what it was that failed.
fn about(why: &io::Error, what: String) -> io::Error {
    io::Error::new(why.kind(), format!("{what}: {why}"))
}

fn listed_in(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_an_address_on_each_line_and_remarks() {
        let text = "# the first three\n10.0.0.1:4000\n\n  10.0.0.2:4000 # the second\nchat.internal:4000\n";
        assert_eq!(
            listed_in(text),
            ["10.0.0.1:4000", "10.0.0.2:4000", "chat.internal:4000"]
        );
    }
}
