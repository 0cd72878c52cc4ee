//! What stands for traces where nothing is carried.

use std::fmt::Display;
#[cfg(feature = "wire")]
use std::sync::Arc;

#[cfg(feature = "wire")]
use super::context::{Propagator, TraceContext};

/// See `carried.rs`. There is none.
pub(crate) enum Origin {}

impl Origin {
    #[inline(always)]
    pub(crate) fn current() -> Option<Self> {
        None
    }

    #[cfg(feature = "wire")]
    pub(crate) fn of(_context: TraceContext, _known_by: Arc<dyn Propagator>) -> Option<Self> {
        None
    }

    #[cfg(feature = "wire")]
    pub(crate) fn context(&self, _known_by: impl FnOnce() -> Option<Arc<dyn Propagator>>) -> Option<TraceContext> {
        match *self {}
    }
}

/// See `carried.rs`.
#[derive(Default)]
pub(crate) struct Handling(());

impl Handling {
    #[inline(always)]
    pub(crate) fn enter(&self) -> Within {
        Within
    }

    #[inline(always)]
    pub(crate) fn end(&mut self, _why: Option<impl Display>) {}
}

/// See `carried.rs`.
pub(crate) struct Within;

#[inline(always)]
pub(crate) fn is_handling() -> bool {
    false
}
