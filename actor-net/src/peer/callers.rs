//! Who is in a handshake, and nobody knows yet: so many at a time, and so many of them from one address.
//!
//! Without the second bound one address could keep everybody else out, for as long as a handshake may take.
//!
//! # How it is used
//! [`Callers::comes`] for each connection that comes in, with the [`Origin`] of what the transport says; [`Callers::goes`] when its handshake is over.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Where callers come from who may be one and the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// An address; of IPv6, the half of it that is given away whole.
    Address([u8; 8]),
    /// What only the transport understands.
    Name(String),
}

impl Origin {
    /// `from` is an address with its port, or a name.
    pub(crate) fn of(from: &str) -> Self {
        let Ok(address) = from.parse::<SocketAddr>() else {
            return Self::Name(from.to_owned());
        };
        let mut bytes = [0; 8];
        match address.ip().to_canonical() {
            IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes.copy_from_slice(&address.octets()[..8]),
        }
        Self::Address(bytes)
    }
}

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// There are too many.
    All,
    /// There are too many from where it comes.
    Origin,
}

#[derive(Debug)]
pub(crate) struct Callers {
    all: usize,
    by_origin: BTreeMap<Origin, usize>,
    all_max: usize,
    each_max: usize,
}

impl Callers {
    /// At most `all_max` at a time, and `each_max` from one origin.
    pub(crate) fn new(all_max: usize, each_max: usize) -> Self {
        Self {
            all: 0,
            by_origin: BTreeMap::new(),
            all_max,
            each_max: each_max.min(all_max.div_ceil(2)),
        }
    }

    pub(crate) fn comes(&mut self, origin: &Origin) -> Result<(), Crowded> {
        let there = self.by_origin.get(origin).copied().unwrap_or(0);
        if there >= self.each_max {
            return Err(Crowded::Origin);
        }
        if self.all >= self.all_max {
            return Err(Crowded::All);
        }
        self.all += 1;
        self.by_origin.insert(origin.clone(), there + 1);
        Ok(())
    }

    pub(crate) fn goes(&mut self, origin: &Origin) {
        let Some(there) = self.by_origin.get_mut(origin) else {
            return;
        };
        self.all -= 1;
        *there -= 1;
        if *there == 0 {
            self.by_origin.remove(origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_origin_does_not_take_the_places_of_others() {
        let (one, other) = (Origin::of("10.0.0.1:1"), Origin::of("10.0.0.2:1"));
        let mut callers = Callers::new(3, 2);
        assert_eq!([callers.comes(&one), callers.comes(&one)], [Ok(()); 2]);
        assert_eq!(callers.comes(&one), Err(Crowded::Origin));
        assert_eq!(callers.comes(&other), Ok(()));
        assert_eq!(callers.comes(&other), Err(Crowded::All));
        callers.goes(&one);
        assert_eq!(callers.comes(&other), Ok(()));
        callers.goes(&one);
        callers.goes(&other);
        callers.goes(&other);
        assert!(callers.all == 0 && callers.by_origin.is_empty());
    }

    #[test]
    fn those_who_may_be_one_have_one_origin() {
        assert_eq!(Origin::of("10.0.0.1:1"), Origin::of("10.0.0.1:2"));
        assert_eq!(Origin::of("10.0.0.1:1"), Origin::of("[::ffff:10.0.0.1]:2"));
        assert_eq!(Origin::of("[2001:db8::1]:1"), Origin::of("[2001:db8::2:0:0:2]:1"));
        assert_ne!(Origin::of("[2001:db8::1]:1"), Origin::of("[2001:db8:0:1::1]:1"));
        assert_ne!(Origin::of("one"), Origin::of("other"));
    }
}
