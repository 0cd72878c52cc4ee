//! What one conversation owes, on both sides; all of it ends with the connection, each thing once.
//!
//! # How it is used
//! Each [`Owed`] is a table of one kind. Ours ([`Owed::begin`] gives the number to send) is settled by [`Owed::settle`] when the answer comes, or when we do
//! not want it any more: whoever takes it out is the one who acts on it. The peer's ([`Owed::begin_as`], by the number that it chose) is settled when we
//! answer. When the connection is lost [`Session::lose`] gives everything that was open, and nothing can begin any more.

use super::sequence::Sequence;

/// Why something cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// As many are open as may be. The peer's: it has to be closed.
    TooMany,
    /// The peer uses a number again that is in use: it has to be closed.
    InUse,
    /// The conversation has ended.
    Over,
    /// It is being closed, as nobody needed it: nothing of ours begins unless it goes on.
    Rests,
}

/// Open matters of one kind, by number.
#[derive(Debug)]
pub(crate) struct Owed<T> {
    open: Sequence<T>,
    next: u64,
    max: usize,
    over: bool,
    rests: bool,
}

impl<T> Owed<T> {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            open: Sequence::default(),
            next: 1,
            max,
            over: false,
            rests: false,
        }
    }

    /// Opens a matter of ours; gives its number, or the matter back.
    pub(crate) fn begin(&mut self, matter: T) -> Result<u64, (T, NotBegun)> {
        let number = self.next;
        self.begin_as(number, matter)?;
        self.next += 1;
        Ok(number)
    }

    /// Opens a matter of the peer's, by its number.
    pub(crate) fn begin_as(&mut self, number: u64, matter: T) -> Result<(), (T, NotBegun)> {
        if self.over {
            return Err((matter, NotBegun::Over));
        }
        if self.rests {
            return Err((matter, NotBegun::Rests));
        }
        let is_full = self.open.len() >= self.max;
        if is_full && self.open.get_mut(number).is_none() {
            return Err((matter, NotBegun::TooMany));
        }
        let begun = self.open.insert(number, matter);
        begun.map_err(|matter| (matter, NotBegun::InUse))
    }

    /// Whether the peer may begin one by this number.
    pub(crate) fn admits(&mut self, number: u64) -> bool {
        self.open.len() < self.max && self.open.get_mut(number).is_none()
    }

    /// Takes a matter out. `None` if it was never open, or is settled: what comes late is nothing.
    pub(crate) fn settle(&mut self, number: u64) -> Option<T> {
        self.open.remove(number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.open.get_mut(number)
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    fn lose(&mut self) -> Vec<T> {
        self.over = true;
        self.open.take_all().collect()
    }
}

/// What stands for each kind of matter, chosen by who uses the session.
pub(crate) trait Matters {
    /// A question of ours: how to resolve it.
    type Call;
    /// A watch of ours: whom to tell.
    type Watch;
    /// An ending that we wait for.
    type Ending;
    /// A link of ours: to whom.
    type Link;
    /// A look-up or spawn of ours.
    type Request;
    /// A question of the peer's that is being handled: how to cancel it.
    type TheirCall;
    /// A watch of the peer's: how to end it.
    type TheirWatch;
    /// A link of the peer's: how to break it.
    type TheirLink;
}

/// How many of each may be open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLimits {
    pub(crate) calls_max: usize,
    /// For watches, for endings, and for links.
    pub(crate) watches_max: usize,
    pub(crate) requests_max: usize,
}

pub(crate) struct Session<M: Matters> {
    pub(crate) calls: Owed<M::Call>,
    pub(crate) watches: Owed<M::Watch>,
    pub(crate) endings: Owed<M::Ending>,
    pub(crate) links: Owed<M::Link>,
    pub(crate) requests: Owed<M::Request>,
    pub(crate) their_calls: Owed<M::TheirCall>,
    pub(crate) their_watches: Owed<M::TheirWatch>,
    pub(crate) their_links: Owed<M::TheirLink>,
}

/// What was open when the connection was lost, each kind in the order in which it began.
pub(crate) struct Lost<M: Matters> {
    /// To end with `NodeDown`.
    pub(crate) calls: Vec<M::Call>,
    /// To fire with `NodeDown`.
    pub(crate) watches: Vec<M::Watch>,
    /// To resolve with `NodeDown`.
    pub(crate) endings: Vec<M::Ending>,
    /// To break with `NodeDown`.
    pub(crate) links: Vec<M::Link>,
    /// To fail.
    pub(crate) requests: Vec<M::Request>,
    /// To cancel: nobody waits for the answers.
    pub(crate) their_calls: Vec<M::TheirCall>,
    /// To drop.
    pub(crate) their_watches: Vec<M::TheirWatch>,
    /// To break with `NodeDown`.
    pub(crate) their_links: Vec<M::TheirLink>,
}

impl<M: Matters> Session<M> {
    pub(crate) fn new(limits: SessionLimits) -> Self {
        Self {
            calls: Owed::new(limits.calls_max),
            watches: Owed::new(limits.watches_max),
            endings: Owed::new(limits.watches_max),
            links: Owed::new(limits.watches_max),
            requests: Owed::new(limits.requests_max),
            their_calls: Owed::new(limits.calls_max),
            their_watches: Owed::new(limits.watches_max),
            their_links: Owed::new(limits.watches_max),
        }
    }

    /// Whether anything is open: such a connection is not idle.
    pub(crate) fn is_idle(&self) -> bool {
        let ours = self.calls.len() + self.watches.len() + self.endings.len() + self.links.len() + self.requests.len();
        ours + self.their_calls.len() + self.their_watches.len() + self.their_links.len() == 0
    }

    /// Whether matters of ours are kept from beginning.
    pub(crate) fn rest(&mut self, rests: bool) {
        self.calls.rests = rests;
        self.watches.rests = rests;
        self.endings.rests = rests;
        self.links.rests = rests;
        self.requests.rests = rests;
    }

    /// The connection is lost.
    pub(crate) fn lose(&mut self) -> Lost<M> {
        Lost {
            calls: self.calls.lose(),
            watches: self.watches.lose(),
            endings: self.endings.lose(),
            links: self.links.lose(),
            requests: self.requests.lose(),
            their_calls: self.their_calls.lose(),
            their_watches: self.their_watches.lose(),
            their_links: self.their_links.lose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Names;

    impl Matters for Names {
        type Call = u64;
        type Watch = u64;
        type Ending = u64;
        type Link = u64;
        type Request = u64;
        type TheirCall = u64;
        type TheirWatch = u64;
        type TheirLink = u64;
    }

    const LIMITS: SessionLimits = SessionLimits {
        calls_max: 8,
        watches_max: 8,
        requests_max: 8,
    };

    proptest! {
        /// Whatever order answers and the loss come in, each matter is handed out once.
        #[test]
        fn each_matter_ends_once(steps in prop::collection::vec((0..3_u8, 0..20_u64), 1..80), lost_at in 0..80_usize) {
            let mut session = Session::<Names>::new(LIMITS);
            let mut begun = Vec::new();
            let mut ended = Vec::new();
            for (at, (step, number)) in steps.into_iter().enumerate() {
                if at == lost_at {
                    ended.extend(session.lose().calls);
                }
                match step {
                    0 => if let Ok(number) = session.calls.begin(begun.len() as u64) {
                        prop_assert!(at < lost_at);
                        begun.push(number - 1);
                    },
                    _ => ended.extend(session.calls.settle(number)),
                }
            }
            ended.extend(session.lose().calls);
            ended.sort_unstable();
            prop_assert_eq!(begun, ended);
            prop_assert!(session.is_idle());
        }
    }

    #[test]
    fn nothing_of_ours_begins_while_it_rests() {
        let mut session = Session::<Names>::new(LIMITS);
        session.rest(true);
        assert_eq!(session.requests.begin(1), Err((1, NotBegun::Rests)));
        assert_eq!(session.their_calls.begin_as(1, 1), Ok(()));
        session.rest(false);
        assert_eq!(session.requests.begin(1), Ok(1));
    }

    #[test]
    fn a_peer_that_asks_without_end_is_refused() {
        let mut session = Session::<Names>::new(LIMITS);
        for call in 0..8 {
            assert_eq!(session.their_calls.begin_as(call, call), Ok(()));
        }
        assert_eq!(session.their_calls.begin_as(8, 8), Err((8, NotBegun::TooMany)));
        session.their_calls.settle(3);
        assert_eq!(session.their_calls.begin_as(4, 4), Err((4, NotBegun::InUse)));
        assert_eq!(session.their_calls.begin_as(3, 3), Ok(()));
        assert_eq!(session.lose().their_calls.len(), 8);
        assert_eq!(session.their_calls.begin_as(9, 9), Err((9, NotBegun::Over)));
    }
}
