//! Datagrams between two nodes: sealed under keys of their conversation, each taken once.
//!
//! ```text
//!  datagram  u64 key | u64 number | u8 heard | packet | 32 bytes mac
//! ```
//! Numbers are little-endian. `key` says under which key it is, `number` counts the datagrams under it from 1, `heard` is 1 where its sender has had one
//! of the receiver since it sent the last few. What is without a packet only says that. Both keys, one for each direction, come from the handshake of the conversation, so that there is nothing to agree
//! on, and no datagram of a former life of either node is good for a later one. The mac is HMAC-SHA256 over all before it.

use std::fmt;

use crate::secret::Secret;

/// The longest datagram, in bytes: one that comes through the usual networks in one piece.
pub(crate) const DATAGRAM_BYTES_MAX: usize = 1_400;

/// The longest packet in one.
pub(crate) const PACKED_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEAD_BYTES - MAC_BYTES;

const HEAD_BYTES: usize = 8 + 8 + 1;
const MAC_BYTES: usize = 32;

/// So far a datagram may be behind the newest one, where another way was the shorter.
const WINDOW: u64 = 64;

/// After so many datagrams without one of the peer's it is no longer known that they get there.
const UNHEARD_MAX: u32 = 4;

/// Which key a datagram is under.
pub(crate) type KeyId = [u8; 8];

/// What one side of a conversation seals with.
#[derive(Clone)]
pub(crate) struct Key {
    id: KeyId,
    secret: Secret,
}

impl Key {
    pub(crate) fn new(secret: Secret) -> Self {
        let mut id = KeyId::default();
        id.copy_from_slice(&secret.prove(&[b"id"])[..8]);
        Self { id, secret }
    }

    /// What datagrams that it seals begin with.
    pub(crate) fn id(&self) -> KeyId {
        self.id
    }

    /// What is in a datagram that was sealed with this key, whether it has come before or not.
    pub(crate) fn open<'a>(&self, datagram: &'a [u8]) -> Result<Opened<'a>, NotTaken> {
        if key_of(datagram) != Some(self.id) {
            return Err(NotTaken::Stray);
        }
        let (sealed, mac) = datagram.split_last_chunk::<MAC_BYTES>().ok_or(NotTaken::Stray)?;
        if !self.secret.check(&[sealed], mac) {
            return Err(NotTaken::Forged);
        }
        let (head, packet) = sealed.split_first_chunk::<HEAD_BYTES>().ok_or(NotTaken::Stray)?;
        let [_, _, _, _, _, _, _, _, number @ .., heard] = *head;
        Ok(Opened {
            number: u64::from_le_bytes(number),
            heard: heard == 1,
            packet,
        })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The keys of both sides of a conversation, as one of them sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) ours: Key,
    pub(crate) theirs: Key,
}

/// What a datagram of the peer says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened<'a> {
    number: u64,
    heard: bool,
    packet: &'a [u8],
}

/// A datagram that has its number, and is to be sealed.
#[derive(Debug)]
pub(crate) struct Draft {
    key: Key,
    number: u64,
    hears: bool,
}

impl Draft {
    /// The datagram with that packet in it.
    pub(crate) fn seal(&self, packet: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::with_capacity(HEAD_BYTES + packet.len() + MAC_BYTES);
        datagram.extend_from_slice(&self.key.id);
        datagram.extend_from_slice(&self.number.to_le_bytes());
        datagram.push(u8::from(self.hears));
        datagram.extend_from_slice(packet);
        let mac = self.key.secret.prove(&[&datagram]);
        datagram.extend_from_slice(&mac);
        datagram
    }
}

/// Why a datagram was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// It is none, or under another key.
    Stray,
    /// Whoever sent it has not the key.
    Forged,
    /// It has come before, or too late to tell.
    Again,
}

/// Under which key something is that may be a datagram.
pub(crate) fn key_of(datagram: &[u8]) -> Option<KeyId> {
    let is_one = (HEAD_BYTES + MAC_BYTES..=DATAGRAM_BYTES_MAX).contains(&datagram.len());
    datagram.first_chunk().copied().filter(|_| is_one)
}

/// Both directions of a conversation's datagrams.
#[derive(Debug)]
pub(crate) struct Pairing {
    keys: Keys,
    sent: u64,
    /// The highest number that came, and which of those before it have come, a bit for each.
    newest: u64,
    came: u64,
    /// How many were sent since one has come.
    unheard: u32,
    /// The peer has said that it hears us.
    is_heard: bool,
}

impl Pairing {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            sent: 0,
            newest: 0,
            came: 0,
            unheard: UNHEARD_MAX,
            is_heard: false,
        }
    }

    /// What the peer seals with.
    pub(crate) fn theirs(&self) -> &Key {
        &self.keys.theirs
    }

    /// Whether datagrams are known to get there and back.
    pub(crate) fn is_proven(&self) -> bool {
        self.is_heard && self.hears()
    }

    fn hears(&self) -> bool {
        self.unheard < UNHEARD_MAX
    }

    /// The next datagram, for a packet of so many bytes. `None`: that is too long for one.
    pub(crate) fn draft(&mut self, packet_bytes: usize) -> Option<Draft> {
        if packet_bytes > PACKED_BYTES_MAX {
            return None;
        }
        self.sent += 1;
        let hears = self.hears();
        self.unheard = self.unheard.saturating_add(1);
        Some(Draft {
            key: self.keys.ours.clone(),
            number: self.sent,
            hears,
        })
    }

    /// Takes what was opened with the peer's key: its packet, which may be empty.
    pub(crate) fn take<'a>(&mut self, opened: &Opened<'a>) -> Result<&'a [u8], NotTaken> {
        if !self.is_new(opened.number) {
            return Err(NotTaken::Again);
        }
        self.unheard = 0;
        self.is_heard = opened.heard;
        Ok(opened.packet)
    }

    /// Notes a number, as in RFC 4303, 3.4.3.
    fn is_new(&mut self, number: u64) -> bool {
        if number > self.newest {
            let ahead = number - self.newest;
            self.came = self.came.checked_shl(ahead.try_into().unwrap_or(u32::MAX)).unwrap_or(0) | 1;
            self.newest = number;
            return true;
        }
        let behind = self.newest - number;
        if behind >= WINDOW || self.came & (1 << behind) != 0 {
            return false;
        }
        self.came |= 1 << behind;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(secret: &[u8]) -> Key {
        Key::new(Secret::new(secret).expect("it is long enough"))
    }

    impl Pairing {
        fn seal(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
            Some(self.draft(packet.len())?.seal(packet))
        }

        fn open<'a>(&mut self, datagram: &'a [u8]) -> Result<&'a [u8], NotTaken> {
            let opened = self.theirs().open(datagram)?;
            self.take(&opened)
        }
    }

    fn pair() -> (Pairing, Pairing) {
        let (one, other) = (
            key(b"what the dialler seals with"),
            key(b"what the listener seals with"),
        );
        let keys = |ours: &Key, theirs: &Key| Keys {
            ours: ours.clone(),
            theirs: theirs.clone(),
        };
        (Pairing::new(keys(&one, &other)), Pairing::new(keys(&other, &one)))
    }

    #[test]
    fn what_one_seals_the_other_opens_once() {
        let (mut one, mut other) = pair();
        let first = one.seal(b"first").expect("it is short");
        let second = one.seal(b"second").expect("it is short");
        assert_eq!(other.open(&second), Ok(&b"second"[..]));
        assert_eq!(other.open(&first), Ok(&b"first"[..]), "another way was the shorter");
        assert_eq!(other.open(&first), Err(NotTaken::Again));
        assert_eq!(other.open(&second), Err(NotTaken::Again));
        assert_eq!(one.open(&first), Err(NotTaken::Stray), "sent back to its sender");
    }

    #[test]
    fn what_is_too_late_is_not_taken() {
        let (mut one, mut other) = pair();
        let mut all: Vec<_> = (0..=WINDOW).map(|_| one.seal(b"").expect("it is short")).collect();
        let newest = all.pop().expect("there are some");
        assert!(other.open(&newest).is_ok());
        assert_eq!(other.open(&all[0]), Err(NotTaken::Again));
        for datagram in &all[1..] {
            assert!(other.open(datagram).is_ok());
            assert!(other.open(datagram).is_err());
        }
    }

    #[test]
    fn each_knows_that_it_is_heard_when_it_hears_so() {
        let (mut one, mut other) = pair();
        let knock = one.seal(b"").expect("it is short");
        assert_eq!(other.open(&knock), Ok(&b""[..]));
        assert!(!other.is_proven(), "it has not been heard yet");
        let answer = other.seal(b"").expect("it is short");
        assert!(one.open(&answer).is_ok());
        assert!(one.is_proven());
        let next = one.seal(b"").expect("it is short");
        assert!(other.open(&next).is_ok());
        assert!(other.is_proven());
    }

    #[test]
    fn who_hears_nothing_any_more_says_so_and_goes_another_way() {
        let (mut one, mut other) = pair();
        let say = |from: &mut Pairing, to: Option<&mut Pairing>| {
            let datagram = from.seal(b"").expect("it is short");
            to.is_none_or(|to| to.open(&datagram).is_ok())
        };
        assert!(say(&mut one, Some(&mut other)) && say(&mut other, Some(&mut one)) && say(&mut one, Some(&mut other)));
        assert!(one.is_proven() && other.is_proven());
        // What `one` sends is lost from now on, and what `other` sends is not.
        for _ in 0..UNHEARD_MAX {
            assert!(say(&mut other, Some(&mut one)));
            say(&mut one, None);
        }
        assert!(!other.is_proven(), "nothing has come for long");
        assert!(say(&mut other, Some(&mut one)));
        assert!(!one.is_proven(), "the other one has said so");
        assert!(say(&mut one, Some(&mut other)) && say(&mut other, Some(&mut one)));
        assert!(one.is_proven(), "all is well again");
    }

    #[test]
    fn a_packet_that_does_not_fit_is_left_to_the_connection() {
        let (mut one, mut other) = pair();
        let longest = one.seal(&[7; PACKED_BYTES_MAX]).expect("it fits");
        assert_eq!(longest.len(), DATAGRAM_BYTES_MAX);
        assert_eq!(other.open(&longest), Ok(&[7; PACKED_BYTES_MAX][..]));
        assert_eq!(one.seal(&[7; PACKED_BYTES_MAX + 1]), None);
    }

    #[test]
    fn a_key_shows_nothing() {
        assert_eq!(format!("{:?}", key(b"sixteen bytes or more")), "Key");
    }

    proptest! {
        #[test]
        fn whatever_is_changed_in_a_datagram_it_is_not_taken(at in 0..60_usize, by in 1..=255_u8) {
            let (mut one, mut other) = pair();
            let mut datagram = one.seal(b"some words").expect("it is short");
            let at = at % datagram.len();
            datagram[at] ^= by;
            let expected = if at < 8 { NotTaken::Stray } else { NotTaken::Forged };
            prop_assert_eq!(other.open(&datagram), Err(expected));
        }

        #[test]
        fn each_is_taken_once_in_whatever_order_they_come(order in prop::collection::vec(0..90_usize, 0..300)) {
            let (mut one, mut other) = pair();
            let all: Vec<_> = (0..90).map(|_| one.seal(b"").expect("it is short")).collect();
            let (mut came, mut newest) = (std::collections::BTreeSet::new(), 0);
            for at in order {
                let is_late = at + (WINDOW as usize) <= newest;
                let is_new = !is_late && came.insert(at);
                newest = newest.max(at);
                prop_assert_eq!(other.open(&all[at]).is_ok(), is_new);
            }
        }
    }
}
