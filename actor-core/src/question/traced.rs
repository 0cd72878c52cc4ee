//! The trace that a message is part of, in the place where a question has its asker.

use std::sync::Arc;

use crate::error::AskError;
use crate::id::{ActorId, ActorPath};
use crate::trace::{Handling, Origin, Within, somebody_listens};

use super::{Question, Wait};

/// The trace of a message that is no question, if it is part of one.
#[derive(Default)]
pub(crate) struct Trace(Option<Arc<Traced>>);

/// Goes along with a message that is part of a trace, so that other messages carry nothing for that.
struct Traced {
    question: Option<Arc<dyn Question>>,
    origin: Origin,
}

impl Trace {
    /// That of whoever runs here.
    #[inline]
    pub(crate) fn current() -> Self {
        Self(Origin::current().map(|origin| Arc::new(Traced { question: None, origin })))
    }

    /// What goes along with the message.
    #[inline]
    pub(crate) fn into_question(self) -> Option<Arc<dyn Question>> {
        self.0.map(|traced| traced as Arc<dyn Question>)
    }

    /// Has what follows happen in the span of the sender, until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Within<'_>> {
        self.0.as_ref()?.origin.enter()
    }
}

/// What goes along with a message that is no question: the trace of whoever runs here, if there is one.
#[inline(always)]
pub(crate) fn trace_of_sender() -> Option<Arc<dyn Question>> {
    // All that it costs where nobody listens.
    if somebody_listens() { sought() } else { None }
}

#[inline(never)]
fn sought() -> Option<Arc<dyn Question>> {
    Trace::current().into_question()
}

/// Makes a message part of the trace of this origin, if there is one.
#[inline]
pub(crate) fn traced(question: Option<Arc<dyn Question>>, origin: Option<Origin>) -> Option<Arc<dyn Question>> {
    match origin {
        None => question,
        Some(origin) => Some(Arc::new(Traced { question, origin })),
    }
}

/// From where a message was sent, if it is part of a trace.
#[cfg(feature = "wire")]
#[inline]
pub(crate) fn origin_of(question: Option<&Arc<dyn Question>>) -> Option<&Origin> {
    question?.traced().map(|(origin, _)| origin)
}

/// The question alone.
pub(crate) fn untraced(question: Option<&Arc<dyn Question>>) -> Option<&Arc<dyn Question>> {
    let known = question?;
    known.traced().map_or(question, |(_, question)| question)
}

/// Opens the span in which a message is handled, if it is part of a trace; with the names of the types of the actor and of the message.
#[inline]
pub(crate) fn begin(
    question: &dyn Question,
    actor: &'static str,
    message: &'static str,
    path: &ActorPath,
    id: ActorId,
) -> Handling {
    match question.traced() {
        None => Handling::default(),
        Some((origin, question)) => origin.begin(actor, message, path, id, question.is_some()),
    }
}

impl Question for Traced {
    fn wait(&self) -> Wait {
        self.question
            .as_ref()
            .map_or(Wait::Until(None), |question| question.wait())
    }

    fn refuse(&self, why: AskError) {
        if let Some(question) = &self.question {
            question.refuse(why);
        }
    }

    fn traced(&self) -> Option<(&Origin, Option<&Arc<dyn Question>>)> {
        Some((&self.origin, self.question.as_ref()))
    }
}
