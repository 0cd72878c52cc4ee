//! The errors of the framework's operations, each of which says what became of the message.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::exit::Failure;
use crate::id::ActorPath;

/// What an actor's own methods return: `?` on any error is the way to let it crash.
pub type ActorResult<T = ()> = Result<T, ActorError>;

/// An error on its way to the supervisor, as text.
///
/// It converts from every `Error + Send + 'static`. The conversion keeps the words of the error with those of its
/// sources and drops the value at once: an error that hands back a message must not keep the asker of it waiting.
/// Like `anyhow::Error` it is not itself an [`Error`], which is what makes that conversion possible.
pub struct ActorError(String);

impl ActorError {
    /// Makes an error of these words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn into_message(self) -> String {
        self.0
    }
}

impl<E: Error + Send + 'static> From<E> for ActorError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_message = cause.to_string();
            // Many errors repeat their source in their own words.
            if !message.ends_with(&cause_message) {
                message.push_str(": ");
                message.push_str(&cause_message);
            }
            source = cause.source();
        }
        Self(message)
    }
}

impl fmt::Display for ActorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ActorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wait that was refused because it could never have ended: it would have closed a cycle of handlers that wait for
/// each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock(Arc<[ActorPath]>);

impl Deadlock {
    /// `cycle` begins and ends with the actor whose wait was refused.
    pub(crate) fn new(cycle: Vec<ActorPath>) -> Self {
        Self(cycle.into())
    }

    /// The actors in the cycle, from the one whose wait was refused back to it.
    pub fn cycle(&self) -> &[ActorPath] {
        &self.0
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            [] => f.write_str("deadlock"),
            [only] | [only, _] => write!(f, "deadlock: {only} waits for itself"),
            [first, second, rest @ ..] => {
                write!(f, "deadlock: {first} waits for {second}")?;
                rest.iter().try_for_each(|next| write!(f, ", which waits for {next}"))
            }
        }
    }
}

impl Error for Deadlock {}

/// Why the end of an actor is not waited for, after an order to end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopError {
    /// The actor cannot end while its end is awaited here. The order stands.
    Deadlock(Deadlock),
    /// The actor's node does not allow that order from here. The actor goes on.
    NotAllowed,
}

impl fmt::Display for StopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StopError::Deadlock(deadlock) => deadlock.fmt(f),
            StopError::NotAllowed => f.write_str("the actor's node does not allow that order; the actor goes on"),
        }
    }
}

impl Error for StopError {}

/// Why `tell` did not queue a message, which it returns.
#[non_exhaustive]
pub enum TellError<M> {
    /// The actor has stopped or is stopping; it never saw the message.
    Stopped(M),
    /// The mailbox is full, and waiting is not possible: its policy refuses, or the sender is the actor itself.
    Full(M),
    /// The mailbox is full, and its actor waits for the sender: the wait for room would never have ended.
    Deadlock(M, Deadlock),
    /// There is no connection to the actor's node; nothing was sent.
    NodeDown(M),
    /// The message cannot travel to the actor's node, for this reason; nothing was sent.
    Unsendable(M, String),
}

/// Why `try_tell` did not queue a message, which it returns.
#[non_exhaustive]
pub enum TryTellError<M> {
    /// The mailbox is full, or others wait for room before this sender.
    Full(M),
    /// The actor has stopped or is stopping; it never saw the message.
    Stopped(M),
    /// There is no connection to the actor's node; nothing was sent.
    NodeDown(M),
    /// The message cannot travel to the actor's node, for this reason; nothing was sent.
    Unsendable(M, String),
}

impl<M> TellError<M> {
    /// The message, which nobody saw.
    pub fn into_inner(self) -> M {
        match self {
            TellError::Stopped(msg) | TellError::Full(msg) | TellError::NodeDown(msg) => msg,
            TellError::Deadlock(msg, _) => msg,
            TellError::Unsendable(msg, _) => msg,
        }
    }
}

impl<M> TryTellError<M> {
    /// The message, which nobody saw.
    pub fn into_inner(self) -> M {
        match self {
            TryTellError::Stopped(msg) | TryTellError::Full(msg) | TryTellError::NodeDown(msg) => msg,
            TryTellError::Unsendable(msg, _) => msg,
        }
    }
}

const STOPPED: &str = "the actor has stopped; the message was not sent";
const NODE_DOWN: &str = "there is no connection to the actor's node; the message was not sent";
const FULL: &str = "the mailbox is full; the message was not sent";

impl<M> fmt::Display for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TellError::Stopped(_) => f.write_str(STOPPED),
            TellError::Full(_) => f.write_str(FULL),
            TellError::Deadlock(_, deadlock) => write!(f, "{deadlock}; the message was not sent"),
            TellError::NodeDown(_) => f.write_str(NODE_DOWN),
            TellError::Unsendable(_, why) => write!(f, "the message cannot be sent to another node: {why}"),
        }
    }
}

impl<M> fmt::Display for TryTellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryTellError::Stopped(_) => f.write_str(STOPPED),
            TryTellError::Full(_) => f.write_str(FULL),
            TryTellError::NodeDown(_) => f.write_str(NODE_DOWN),
            TryTellError::Unsendable(_, why) => write!(f, "the message cannot be sent to another node: {why}"),
        }
    }
}

// By hand, so that messages need not implement `Debug` and never end up in a log by accident.
impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TellError::Stopped(_) => f.write_str("TellError::Stopped"),
            TellError::Full(_) => f.write_str("TellError::Full"),
            TellError::Deadlock(_, deadlock) => write!(f, "TellError::Deadlock({deadlock})"),
            TellError::NodeDown(_) => f.write_str("TellError::NodeDown"),
            TellError::Unsendable(_, why) => write!(f, "TellError::Unsendable({why})"),
        }
    }
}

impl<M> fmt::Debug for TryTellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryTellError::Stopped(_) => f.write_str("TryTellError::Stopped"),
            TryTellError::Full(_) => f.write_str("TryTellError::Full"),
            TryTellError::NodeDown(_) => f.write_str("TryTellError::NodeDown"),
            TryTellError::Unsendable(_, why) => write!(f, "TryTellError::Unsendable({why})"),
        }
    }
}

impl<M> Error for TellError<M> {}
impl<M> Error for TryTellError<M> {}

/// Why there is no room for a message.
#[cfg_attr(
    not(feature = "wire"),
    expect(unreachable_pub, reason = "public where nodes are connected")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// There is none now, or others wait for it.
    Full,
    /// The actor has stopped.
    Stopped,
    /// There is no connection to the actor's node.
    #[cfg_attr(not(feature = "wire"), expect(dead_code, reason = "made where nodes are connected"))]
    NodeDown,
}

impl NoRoom {
    pub(crate) fn of(closed: bool) -> Self {
        if closed { NoRoom::Stopped } else { NoRoom::Full }
    }
}

/// Why an ask has no answer, with what became of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// The actor had stopped, or stopped before it took the question up: it never saw it.
    Stopped,
    /// There was no room in the mailbox until the deadline, or its policy refused: the actor never saw the question.
    Full,
    /// The handler failed, or was killed, while it held the question.
    Failed,
    /// The actor dropped the reply port without an answer.
    NoReply,
    /// No answer came within this time. Whether the question was handled is unknown.
    TimedOut(Duration),
    /// The one who was asked waits for the asker: the question was not sent.
    Deadlock(Deadlock),
    /// There is no connection to the node of the one who was asked, or it was lost meanwhile. Whether the question was
    /// handled is unknown.
    NodeDown,
    /// The question, or the answer to it, cannot travel between nodes, for this reason.
    Unsendable(String),
    /// The other node could not read the question, or this node the answer, for this reason.
    NotUnderstood(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Stopped => f.write_str("the actor has stopped; it never saw the question"),
            AskError::Full => f.write_str("the mailbox was full; the actor never saw the question"),
            AskError::Failed => f.write_str("the actor failed while it handled the question"),
            AskError::NoReply => f.write_str("the actor dropped the question without an answer"),
            AskError::TimedOut(after) => {
                write!(
                    f,
                    "no answer within {after:?}; whether the question was handled is unknown"
                )
            }
            AskError::Deadlock(deadlock) => write!(f, "{deadlock}; the question was not sent"),
            AskError::NodeDown => f.write_str(
                "no connection to the node of the one who was asked; whether the question was handled is unknown",
            ),
            AskError::Unsendable(why) => write!(f, "it cannot be sent to another node: {why}"),
            AskError::NotUnderstood(why) => write!(f, "the other node sent or got what could not be read: {why}"),
        }
    }
}

impl Error for AskError {}

/// Why an actor was not spawned.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// A living sibling has this name.
    NameTaken(String),
    /// The name cannot be part of a path.
    InvalidName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A setting of the child specification makes no sense.
    InvalidSpec {
        /// The name of the child.
        name: String,
        /// Which setting, and why.
        fault: String,
    },
    /// The system, or the actor that was to be the parent, is stopping.
    Stopping,
    /// The factory or `on_start` failed; the child is gone and was not restarted.
    StartFailed(Failure),
    /// The child was stopped before its start had ended, or was killed while it stopped the children of a start that had failed.
    StoppedWhileStarting,
    /// The child, which was spawned, waits for the actor that waits for its start.
    Deadlock(Deadlock),
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SpawnError::NameTaken(name) => {
                write!(
                    f,
                    "cannot spawn '{name}': a living sibling has this name; stop it first or choose another"
                )
            }
            SpawnError::InvalidName { name, fault } => write!(f, "cannot spawn '{}': {fault}", name.escape_debug()),
            SpawnError::InvalidSpec { name, fault } => write!(f, "cannot spawn '{name}': {fault}"),
            SpawnError::Stopping => f.write_str("cannot spawn: the system or the parent is stopping"),
            SpawnError::StartFailed(failure) => write!(f, "start failed: {failure}"),
            SpawnError::StoppedWhileStarting => f.write_str("the actor was stopped before its start had ended"),
            SpawnError::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl Error for SpawnError {}

/// Why a name was not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// A living actor holds this name.
    NameTaken(String),
    /// The actor has stopped.
    Stopped(String),
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterError::NameTaken(name) => write!(f, "cannot register '{name}': a living actor holds this name"),
            RegisterError::Stopped(name) => write!(f, "cannot register '{name}': its actor has stopped"),
        }
    }
}

impl Error for RegisterError {}

/// Why a look-up by name gave no handle.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupError {
    /// Nothing has this name.
    NotFound(String),
    /// The name belongs to something of another message type.
    WrongType {
        /// The name.
        name: String,
        /// The message type that was asked for.
        expected: &'static str,
        /// The message type that it has.
        found: &'static str,
    },
    /// The supervisor waits for the one who asks, so that nothing could be asked of it, and nothing is done; or what is waited for is an end that
    /// cannot come before that of who asks, and then the child is stopped or restarted all the same.
    Deadlock(Deadlock),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupError::NotFound(name) => write!(f, "nothing is registered as '{name}'"),
            LookupError::WrongType { name, expected, found } => {
                write!(f, "'{name}' takes messages of type {found}, and not {expected}")
            }
            LookupError::Deadlock(deadlock) => deadlock.fmt(f),
        }
    }
}

impl Error for LookupError {}

/// Why blocking work has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockingError {
    /// The closure panicked with this message.
    Panicked(String),
    /// The runtime shut down before the closure was run.
    Cancelled,
}

impl fmt::Display for BlockingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockingError::Panicked(message) => write!(f, "blocking work panicked: {message}"),
            BlockingError::Cancelled => f.write_str("the runtime shut down before the blocking work was run"),
        }
    }
}

impl Error for BlockingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the greeting")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn an_actor_error_keeps_the_words_of_the_whole_chain() {
        let error = ActorError::from(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(error.to_string(), "cannot read the greeting: disk on fire");
    }

    #[test]
    fn converting_an_error_that_holds_a_message_lets_the_message_go() {
        let message = std::sync::Arc::new(());
        let error = ActorError::from(TellError::Stopped(message.clone()));
        assert_eq!(std::sync::Arc::strong_count(&message), 1);
        assert!(error.to_string().contains("not sent"));
    }
}
