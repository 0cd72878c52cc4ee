//! Many actors under one name, all of which are told.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::error::TryTellError;
use crate::handle::Handle;
use crate::id::ActorId;
#[cfg(feature = "wire")]
use crate::peer::{Draft, NotSent};
use crate::sync::Mutex;

/// Actors that take the same messages, and are told together.
///
/// A member leaves by itself when it ends, before anyone is told of that end.
pub struct Group<M>(Arc<Mutex<Members<M>>>);

struct Members<M> {
    list: Vec<Handle<M>>,
    places: HashMap<ActorId, Place>,
    /// What a broadcast walks over without the lock; made when it is needed, for as long as nobody joins or leaves.
    snapshot: Option<Arc<[Handle<M>]>>,
    /// Called when somebody has joined or left.
    notice: Option<Notice>,
}

type Notice = Arc<dyn Fn() + Send + Sync>;

struct Place {
    index: usize,
    release: u64,
}

/// What became of a broadcast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broadcast {
    /// Members that took the message.
    pub delivered: usize,
    /// Members whose mailbox had no room.
    pub full: usize,
    /// Members that were stopping, and had not left yet.
    pub stopped: usize,
    /// Members at other nodes to which the message could not be sent: the connection is lost, or it cannot travel.
    pub unsent: usize,
}

impl<M: Send + 'static> Group<M> {
    /// A group that has no name, and nobody in it.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// The same, which calls `notice` when somebody has joined or left.
    #[cfg(feature = "wire")]
    pub(crate) fn noticed(notice: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with(Some(Arc::new(notice)))
    }

    fn with(notice: Option<Notice>) -> Self {
        Self(Arc::new(Mutex::new(Members {
            list: Vec::new(),
            places: HashMap::new(),
            snapshot: None,
            notice,
        })))
    }

    /// Adds the actor. Returns `false` if it was a member before, or has ended.
    pub fn join(&self, handle: &Handle<M>) -> bool {
        let mut members = self.0.lock();
        if members.places.contains_key(&handle.id()) {
            return false;
        }
        // Strong: a group lives for as long as it has members.
        let group = self.clone();
        let release = handle.core().at_end(move |id| {
            group.remove(id);
        });
        let Some(release) = release else { return false };
        let index = members.list.len();
        members.list.push(handle.clone());
        members.places.insert(handle.id(), Place { index, release });
        let (snapshot, notice) = (members.snapshot.take(), members.notice.clone());
        drop(members);
        drop(snapshot);
        if let Some(notice) = notice {
            notice();
        }
        true
    }

    /// Whether the actor is a member.
    pub(crate) fn has(&self, id: ActorId) -> bool {
        self.0.lock().places.contains_key(&id)
    }

    /// Takes the actor out. Returns whether it was a member.
    pub fn leave(&self, handle: &Handle<M>) -> bool {
        let left = self.remove(handle.id());
        if let Some(release) = left {
            handle.core().not_at_end(release);
        }
        left.is_some()
    }

    fn remove(&self, id: ActorId) -> Option<u64> {
        let mut members = self.0.lock();
        let place = members.places.remove(&id)?;
        let handle = members.list.swap_remove(place.index);
        if let Some(moved) = members.list.get(place.index).map(Handle::id)
            && let Some(moved) = members.places.get_mut(&moved)
        {
            moved.index = place.index;
        }
        let (snapshot, notice) = (members.snapshot.take(), members.notice.clone());
        drop(members);
        drop((handle, snapshot));
        if let Some(notice) = notice {
            notice();
        }
        Some(place.release)
    }

    /// Tells every member, without waiting for any: one whose mailbox is full misses the message, and is counted.
    ///
    /// Each member gets a clone of `msg`: put what is large behind an `Arc`. Broadcasts of one sender arrive in their
    /// order. For members at other nodes it is encoded once, unless a handle or a reply port is in it.
    pub fn broadcast(&self, msg: M) -> Broadcast
    where
        M: Clone,
    {
        let mut outcome = Broadcast::default();
        #[cfg(feature = "wire")]
        let mut draft = Draft::default();
        for member in self.members().iter() {
            #[cfg(feature = "wire")]
            if let Some(sent) = member.send_copy(&msg, &mut draft) {
                match sent {
                    Ok(()) => outcome.delivered += 1,
                    Err(NotSent::Full) => outcome.full += 1,
                    Err(NotSent::NodeDown | NotSent::Refused(_)) => outcome.unsent += 1,
                }
                continue;
            }
            match member.try_tell(msg.clone()) {
                Ok(()) => outcome.delivered += 1,
                Err(TryTellError::Full(_)) => outcome.full += 1,
                Err(TryTellError::Stopped(_)) => outcome.stopped += 1,
                Err(TryTellError::NodeDown(_) | TryTellError::Unsendable(..)) => outcome.unsent += 1,
            }
        }
        outcome
    }

    /// The members at this moment, in no particular order.
    pub fn members(&self) -> Arc<[Handle<M>]> {
        let mut members = self.0.lock();
        let Members { list, snapshot, .. } = &mut *members;
        snapshot.get_or_insert_with(|| list.as_slice().into()).clone()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.lock().list.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A group that is kept by others.
pub(crate) struct WeakGroup<M>(Weak<Mutex<Members<M>>>);

impl<M> WeakGroup<M> {
    pub(crate) fn upgrade(&self) -> Option<Group<M>> {
        self.0.upgrade().map(Group)
    }
}

impl<M> Group<M> {
    pub(crate) fn downgrade(&self) -> WeakGroup<M> {
        WeakGroup(Arc::downgrade(&self.0))
    }
}

impl<M: Send + 'static> Default for Group<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for Group<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<M: Send + 'static> fmt::Debug for Group<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({} members)", self.len())
    }
}
