//! What stands for the traces of messages where there are none.

use std::sync::Arc;

use crate::id::{ActorId, ActorPath};
use crate::trace::{Handling, Origin, Within};

use super::Question;

/// See `traced.rs`.
#[derive(Default)]
pub(crate) struct Trace(());

impl Trace {
    #[inline(always)]
    pub(crate) fn current() -> Self {
        Self(())
    }

    #[inline(always)]
    pub(crate) fn into_question(self) -> Option<Arc<dyn Question>> {
        None
    }

    #[inline(always)]
    pub(crate) fn enter(&self) -> Within {
        Within
    }
}

#[inline(always)]
pub(crate) fn trace_of_sender() -> Option<Arc<dyn Question>> {
    None
}

#[inline(always)]
pub(crate) fn traced(question: Option<Arc<dyn Question>>, _origin: Option<Origin>) -> Option<Arc<dyn Question>> {
    question
}

#[cfg(feature = "wire")]
#[inline(always)]
pub(crate) fn origin_of(_question: Option<&Arc<dyn Question>>) -> Option<&Origin> {
    None
}

#[inline(always)]
pub(crate) fn untraced(question: Option<&Arc<dyn Question>>) -> Option<&Arc<dyn Question>> {
    question
}

#[inline(always)]
pub(crate) fn begin(_: &dyn Question, _: &'static str, _: &'static str, _: &ActorPath, _: ActorId) -> Handling {
    Handling::default()
}
