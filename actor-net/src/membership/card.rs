//! What a member says of itself beside who it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::wire::field::{Field, ProtocolError, Reader};

/// The most that a [`Profile`] may take, encoded, in bytes: it goes to every member, along with what keeps the cluster together.
pub const PROFILE_BYTES_MAX: usize = 1024;

/// What an application says of its node to all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The version of the application.
    pub version: String,
    /// What the node is there for.
    pub roles: BTreeSet<String>,
    /// Anything else. Small: all of the profile takes at most [`PROFILE_BYTES_MAX`].
    pub metadata: BTreeMap<String, String>,
}

/// A profile that takes more than [`PROFILE_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileTooLarge {
    /// How much it takes.
    pub bytes: usize,
}

impl fmt::Display for ProfileTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the profile takes {} bytes, {PROFILE_BYTES_MAX} at most", self.bytes)
    }
}

impl std::error::Error for ProfileTooLarge {}

impl Profile {
    /// Says whether it is small enough.
    ///
    /// # Errors
    /// [`ProfileTooLarge`] says how much it takes.
    pub fn check(&self) -> Result<(), ProfileTooLarge> {
        let texts = std::iter::once(&self.version)
            .chain(&self.roles)
            .chain(self.metadata.iter().flat_map(|(key, value)| [key, value]));
        // Each text has its length before it, and the two collections theirs.
        let bytes = texts.map(|text| text.len() + 2).sum::<usize>() + 4;
        (bytes <= PROFILE_BYTES_MAX)
            .then_some(())
            .ok_or(ProfileTooLarge { bytes })
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, ProtocolError> {
        let version = text(from)?;
        let roles = u16::read(from)?;
        let roles = (0..roles).map(|_| text(from)).collect::<Result<_, _>>()?;
        let pairs = u16::read(from)?;
        let pair = |from: &mut Reader<'_>| Ok((text(from)?, text(from)?));
        let metadata = (0..pairs).map(|_| pair(from)).collect::<Result<_, _>>()?;
        Ok(Self {
            version,
            roles,
            metadata,
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.version.as_str().write(out);
        count(self.roles.len()).write(out);
        self.roles.iter().for_each(|role| role.as_str().write(out));
        count(self.metadata.len()).write(out);
        for (key, value) in &self.metadata {
            key.as_str().write(out);
            value.as_str().write(out);
        }
    }
}

fn text(from: &mut Reader<'_>) -> Result<String, ProtocolError> {
    <&str>::read(from).map(str::to_owned)
}

fn count(entries: usize) -> u16 {
    // A profile that was checked has far fewer.
    u16::try_from(entries).unwrap_or(u16::MAX)
}

/// A profile with what the cluster has to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Card {
    /// Counts the changes in one stay.
    pub(super) number: u32,
    /// The member will go.
    pub(super) leaves: bool,
    pub(super) profile: Arc<Profile>,
}

impl Card {
    /// Reads one, which takes all of `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let mut from = Reader {
            rest: bytes,
            frame: "Card",
        };
        let card = Self {
            number: Field::read(&mut from)?,
            leaves: Field::read(&mut from)?,
            profile: Arc::new(Profile::read(&mut from)?),
        };
        let fits = from.rest.is_empty() && card.profile.check().is_ok();
        fits.then_some(card).ok_or(ProtocolError::Malformed("Card"))
    }

    pub(super) fn encode(&self) -> Arc<[u8]> {
        let mut out = Vec::new();
        self.number.write(&mut out);
        self.leaves.write(&mut out);
        self.profile.write(&mut out);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            version: "1.2.3".to_owned(),
            roles: ["chat".to_owned(), "edge".to_owned()].into(),
            metadata: [("zone".to_owned(), "b".to_owned())].into(),
        }
    }

    #[test]
    fn a_card_comes_back_as_it_was_written() {
        let card = Card {
            number: 7,
            leaves: true,
            profile: Arc::new(profile()),
        };
        assert_eq!(Card::parse(&card.encode()), Ok(card));
    }

    #[test]
    fn a_profile_is_small() {
        let mut profile = profile();
        profile.metadata.insert("a".repeat(10), "b".repeat(960));
        assert!(profile.check().is_ok());
        profile.metadata.insert("c".to_owned(), "d".repeat(100));
        let too_large = profile.check().expect_err("it is too large");
        let card = Card {
            number: 1,
            leaves: false,
            profile: Arc::new(profile),
        };
        // What is counted is what is written.
        assert_eq!(card.encode().len(), too_large.bytes + 5);
        assert!(Card::parse(&card.encode()).is_err(), "nor is one taken from others");
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_no_card() {
        let card = Card {
            number: 1,
            leaves: false,
            profile: Arc::new(profile()),
        };
        let bytes = card.encode();
        for end in 0..bytes.len() {
            assert!(Card::parse(&bytes[..end]).is_err());
        }
        assert!(Card::parse(&[&bytes[..], &[0]].concat()).is_err());
    }
}
