//! The span of a sender on its way to who handles the message.

use std::cell::Cell;
use std::fmt::Display;
#[cfg(feature = "wire")]
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::span::Entered;
use tracing::{Level, Span, field, info_span, span_enabled};

#[cfg(feature = "wire")]
use crate::contain::contain;
use crate::id::{ActorId, ActorPath};
use crate::sync::thread_local;

#[cfg(feature = "wire")]
use super::context::{Propagator, TraceContext};

const TARGET: &str = "actor_core::trace";

/// What is open for as long as an actor lives is no part of a request. It is opened in `spawn.rs`.
const LIFE: (&str, &str) = ("actor_core::spawn", "actor");

/// A span is kept until its children are closed. So that two actors who tell each other for ever do not keep all that they ever
/// said, a trace goes on in a new one after so many messages, which has a link to the one before.
const HOPS_MAX: u32 = 100;

thread_local! {
    /// How many messages have led to what is done here; 0 where no message of a trace is being handled.
    static HOPS: Cell<u32> = const { Cell::new(0) };
}

/// Whether a message of a trace is being handled here.
pub(crate) fn is_handling() -> bool {
    HOPS.with(Cell::get) > 0
}

/// Whether any subscriber may take spans of messages.
#[inline(always)]
pub(crate) fn somebody_listens() -> bool {
    LevelFilter::current() >= LevelFilter::INFO
}

/// From where a message of a trace was sent.
pub(crate) enum Origin {
    Here {
        sender: Span,
        hops: u32,
    },
    /// Another node.
    #[cfg(feature = "wire")]
    There(TraceContext, Arc<dyn Propagator>),
}

impl Origin {
    /// The span of whoever runs here, if what is sent in it is part of a trace.
    #[inline]
    pub(crate) fn current() -> Option<Self> {
        if somebody_listens() { Self::of_sender() } else { None }
    }

    #[inline(never)]
    fn of_sender() -> Option<Self> {
        if !span_enabled!(target: TARGET, Level::INFO) {
            return None;
        }
        let sender = Span::current();
        let is_request = sender
            .metadata()
            .is_some_and(|span| (span.target(), span.name()) != LIFE);
        let hops = HOPS.with(Cell::get);
        is_request.then_some(Self::Here { sender, hops })
    }

    /// Has what follows happen in the span of the sender, until the guard is dropped.
    pub(crate) fn enter(&self) -> Option<Within<'_>> {
        match self {
            Origin::Here { sender, hops } => Some(Within::new(sender, *hops)),
            // Only what is sent here is attached to anybody here.
            #[cfg(feature = "wire")]
            Origin::There(..) => None,
        }
    }

    /// The one at another node of which that has told.
    #[cfg(feature = "wire")]
    pub(crate) fn of(context: TraceContext, known_by: Arc<dyn Propagator>) -> Option<Self> {
        Some(Self::There(context, known_by))
    }

    /// What another node is to know of it.
    #[cfg(feature = "wire")]
    pub(crate) fn context(&self, known_by: impl FnOnce() -> Option<Arc<dyn Propagator>>) -> Option<TraceContext> {
        match self {
            Origin::Here { sender, .. } => {
                let known_by = known_by()?;
                contained(|| known_by.inject(sender)).flatten()
            }
            Origin::There(context, _) => Some(context.clone()),
        }
    }

    /// Opens the span in which a message is handled. Whoever `asked` waits for that.
    pub(crate) fn begin(&self, actor: &str, message: &str, path: &ActorPath, id: ActorId, asked: bool) -> Handling {
        Handling(Some(Box::new(self.open(actor, message, path, id, asked))))
    }

    fn open(&self, actor: &str, message: &str, path: &ActorPath, id: ActorId, asked: bool) -> Handled {
        let (sender, hops) = match self {
            Origin::Here { sender, hops } => (sender, *hops),
            #[cfg(feature = "wire")]
            Origin::There(..) => (&Span::none(), 0),
        };
        let goes_on = hops < HOPS_MAX;
        let parent = sender.id().filter(|_| goes_on);
        let span = info_span!(
            target: TARGET,
            parent: parent,
            "handle",
            %path,
            %id,
            kind = message,
            otel.name = format_args!("{} {}", short(actor), short(message)),
            otel.kind = if asked { "server" } else { "consumer" },
            otel.status_code = field::Empty,
            otel.status_description = field::Empty,
        );
        if !goes_on {
            span.follows_from(sender);
        }
        #[cfg(feature = "wire")]
        if let Origin::There(context, known_by) = self {
            contained(|| known_by.extract(context, &span));
        }
        let hops = if goes_on { hops + 1 } else { 1 };
        Handled { span, hops }
    }
}

/// Has a user's propagator do something.
#[cfg(feature = "wire")]
fn contained<R>(propagator: impl FnOnce() -> R) -> Option<R> {
    let answer = contain(propagator);
    answer
        .inspect_err(|panic| tracing::error!(panic, "a propagator of traces panicked"))
        .ok()
}

/// The name of a type without the modules that it is in, nor what it is made of.
fn short(name: &str) -> &str {
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.rsplit_once("::").map_or(name, |(_, name)| name)
}

/// The span of the message that is being handled, if it is part of a trace.
#[derive(Default)]
pub(crate) struct Handling(Option<Box<Handled>>);

struct Handled {
    span: Span,
    hops: u32,
}

impl Handling {
    /// Has what follows happen in it, until the guard is dropped.
    #[inline]
    pub(crate) fn enter(&self) -> Option<Within<'_>> {
        let handled = self.0.as_ref()?;
        Some(Within::new(&handled.span, handled.hops))
    }

    /// The message is handled, or its handler failed for this reason.
    #[inline]
    pub(crate) fn end(&mut self, why: Option<impl Display>) {
        if let Some(handled) = self.0.take() {
            handled.end(why);
        }
    }
}

impl Handled {
    fn end(self, why: Option<impl Display>) {
        if let Some(why) = why {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("otel.status_description", field::display(why));
        }
    }
}

/// The time that is spent in a span; dropped, it ends.
pub(crate) struct Within<'a> {
    _span: Entered<'a>,
    hops_outside: u32,
}

impl<'a> Within<'a> {
    #[inline(never)]
    fn new(span: &'a Span, hops: u32) -> Self {
        Self {
            _span: span.enter(),
            hops_outside: HOPS.with(|cell| cell.replace(hops)),
        }
    }
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        HOPS.with(|cell| cell.set(self.hops_outside));
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use super::*;

    #[test]
    fn a_type_is_called_by_its_last_name() {
        assert_eq!(short(type_name::<Option<std::time::Duration>>()), "Option");
        assert_eq!(short(type_name::<Origin>()), "Origin");
        assert_eq!(short("u32"), "u32");
        assert_eq!(short("a::b::Cell<c::d::E>"), "Cell");
    }
}
