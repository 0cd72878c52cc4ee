//! Where the lines come from: a file, or chance.

use std::io;

use anyhow::Context as _;
use fastrand::Rng;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::flags::Flags;

/// A line of so many bytes is no order any more, and is not read into memory as a whole.
pub(crate) const LINE_BYTES_MAX: usize = 1024;

pub(crate) enum Source {
    File(BufReader<File>),
    Chance { rng: Rng, left: u64 },
}

impl Source {
    pub(crate) async fn open(flags: &Flags) -> anyhow::Result<Self> {
        let Some(path) = &flags.input else {
            return Ok(Self::Chance {
                rng: Rng::with_seed(flags.seed),
                left: flags.lines,
            });
        };
        let file = File::open(path)
            .await
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self::File(BufReader::new(file)))
    }

    /// The next line, as it is: whether it is an order is for the parser to say.
    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        match self {
            Source::File(file) => {
                let mut line = Vec::new();
                file.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line).await?;
                // What is too long is left out up to the next line, and its beginning refused by the parser.
                let mut rest = line.clone();
                while rest.len() == LINE_BYTES_MAX && rest.last() != Some(&b'\n') {
                    rest.clear();
                    file.take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut rest).await?;
                }
                let text = String::from_utf8_lossy(&line);
                Ok((!line.is_empty()).then(|| text.trim_end_matches(['\n', '\r']).to_owned()))
            }
            Source::Chance { left: 0, .. } => Ok(None),
            Source::Chance { rng, left } => {
                *left -= 1;
                let (customer, cents) = (rng.u32(0..100), rng.u64(100..50_000));
                // Now and then somebody mistypes.
                let cents = if rng.u32(0..500) == 0 {
                    "a lot".to_owned()
                } else {
                    cents.to_string()
                };
                Ok(Some(format!("customer-{customer},{cents}")))
            }
        }
    }
}
