//! A live view of a running system of actors, in the browser: which actor is in trouble, why, and since when.
//!
//! ```no_run
//! # async fn f(system: actor_core::System) -> std::io::Result<()> {
//! let observer = actor_observer::serve(&system, ([127, 0, 0, 1], 9900).into()).await?;
//! println!("http://{}", observer.address());
//! # Ok(())
//! # }
//! ```
//!
//! A program that serves pages of its own nests [`Observer::router`] among them. The page and all that it needs are in the
//! binary; it talks to nobody but the server that it came from.
//!
//! # Who may see, and who may act
//! What is shown tells much about a program: paths, names, and the words of its failures. So it is shown to those alone who
//! have the [token](Observer::token), or who were [let in](LetIn) by the program that serves it, as [`serve`] does on an address of
//! this machine. To stop, kill or restart an actor takes the token in any case, and so does to look at its messages closely; without one nobody can.
//!
//! # What it costs
//! Nothing while nobody looks. One look a second while a page is open, less often where a look takes longer than
//! a sixtieth of that; however many pages are open, there is one.
//!
//! # What it cannot see
//! Actors of other processes, but for what their nodes say of themselves; what is inside of a message or of a state; which kinds of messages an
//! actor handles, but while it is looked at [closely](actor_core::CloseUp); tasks that are no actors; what was before it began to look, but for
//! failures, restarts and counts.
//!
//! # In a terminal
//! `watch curl -s http://localhost:9900/top` shows the worst as lines of text.

mod access;
mod act;
mod closely;
mod hub;
mod look;
#[cfg(feature = "metrics")]
mod measured;
#[cfg(feature = "net")]
mod nodes;
mod page;
mod series;
mod serve;
mod top;
mod view;

pub use access::{LetIn, is_of_this_machine};
pub use serve::{Observer, Serving, serve};
