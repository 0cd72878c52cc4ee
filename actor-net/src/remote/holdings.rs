//! How much a node keeps for the sake of its peers.

/// What a node keeps for its peers, over all conversations: for those who watch its memory, and for tests that look for what was left behind.
///
/// While nobody asks, watches or sends, the open matters and the bytes are 0; what is known and what is exported is bounded by handles that are
/// held and by actors that live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holdings {
    /// Questions of actors here that are not answered.
    pub calls: usize,
    /// Questions of actors there that are not answered.
    pub their_calls: usize,
    /// Actors there whose ends this node is to be told of.
    pub watches: usize,
    /// Actors here whose ends others are to be told of.
    pub their_watches: usize,
    /// Orders whose outcome is not known yet.
    pub endings: usize,
    /// Links between actors here and actors there.
    pub links: usize,
    /// Look-ups and spawns that are not answered.
    pub requests: usize,
    /// Senders that wait for room.
    pub waiting: usize,
    /// Bytes that wait to be written.
    pub outbox_bytes: usize,
    /// Bytes of messages that wait here beyond the bounds of their mailboxes.
    pub inbox_bytes: usize,
    /// Actors of other nodes that handles here lead to.
    pub known: usize,
    /// Actors here that others can reach.
    pub exports: usize,
}
