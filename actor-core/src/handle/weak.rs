//! An address that keeps nothing.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::cell::Cell;

use super::{Handle, Kind, Route};

/// A [`Handle`] that does not keep its mailbox's memory; see [`Handle::downgrade`].
pub struct WeakHandle<M>(WeakKind<M>);

enum WeakKind<M> {
    Local(Weak<Cell<M>>),
    Routed(Weak<dyn Route<M>>),
}

impl<M: Send + 'static> WeakHandle<M> {
    /// The handle, while the actor lives or another handle to it does.
    ///
    /// One made by [`Handle::map`] is there only as long as another handle of the same making.
    pub fn upgrade(&self) -> Option<Handle<M>> {
        Some(Handle(match &self.0 {
            WeakKind::Local(cell) => Kind::Local(cell.upgrade()?),
            WeakKind::Routed(route) => Kind::Routed(route.upgrade()?),
        }))
    }
}

impl<M> Clone for WeakHandle<M> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            WeakKind::Local(cell) => WeakKind::Local(cell.clone()),
            WeakKind::Routed(route) => WeakKind::Routed(route.clone()),
        })
    }
}

impl<M: Send + 'static> fmt::Debug for WeakHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.upgrade() {
            Some(handle) => write!(f, "Weak{handle:?}"),
            None => f.write_str("WeakHandle(gone)"),
        }
    }
}

impl<M: Send + 'static> Handle<M> {
    /// A handle that does not keep the mailbox's memory after the actor has ended.
    ///
    /// It is of use where an ended actor's address may be kept for long, or where two addresses would keep each other.
    pub fn downgrade(&self) -> WeakHandle<M> {
        WeakHandle(match &self.0 {
            Kind::Local(cell) => WeakKind::Local(Arc::downgrade(cell)),
            Kind::Routed(route) => WeakKind::Routed(Arc::downgrade(route)),
        })
    }
}
