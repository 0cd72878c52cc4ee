//! What to test actors with: probes, faults, a recorder of lives, and a clock that waits for nobody.
//!
//! A test needs three things: somebody for the actor to talk to, a way to know that everything has happened, and trouble
//! on demand. This is a whole one, of an actor that gives a slow service two seconds:
//!
//! ```
//! use std::time::Duration;
//!
//! use actor_core::prelude::*;
//! use actor_testkit::Probe;
//!
//! /// Asks a service for the price, and makes do with the last one if that takes too long.
//! struct Shop {
//!     service: Handle<Reply<u32>>,
//!     last_price: u32,
//! }
//!
//! impl Actor for Shop {
//!     type Msg = Reply<u32>;
//!
//!     async fn handle(&mut self, reply: Reply<u32>, _ctx: &mut Context<Reply<u32>>) -> ActorResult {
//!         let asked = self.service.ask(|reply| reply).timeout(Duration::from_secs(2));
//!         self.last_price = asked.await.unwrap_or(self.last_price);
//!         reply.send(self.last_price);
//!         Ok(())
//!     }
//! }
//!
//! // In a test of yours: #[tokio::test(start_paused = true)]
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> ActorResult {
//! let system = System::new("test");
//! let mut service = Probe::spawn(&system, "service");
//! let address = service.handle();
//! let shop = system.spawn("shop", move || Shop { service: address.clone(), last_price: 5 })?;
//!
//! // The service answers.
//! service.reply(|question| question.send(7));
//! assert_eq!(shop.ask(|reply| reply).await, Ok(7));
//!
//! // The service is silent: two seconds pass, and nobody waits for them.
//! assert_eq!(shop.ask(|reply| reply).await, Ok(7));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to read next
//! - [`Probe`]: an actor whose inbox the test reads, that answers what is still to be asked, and dies on demand.
//! - [`settle()`] and [`pass`]: the paused clock, on which time passes only when nothing else can happen. It needs tokio's
//!   feature `test-util` among the dev-dependencies.
//! - [`Recorder`]: what started, stopped, failed and was restarted, in order.
//! - [`Faults`]: an actor that fails, panics, hangs or drops a question, on the n-th message, start, signal or stop, or by a
//!   seed.
//! - `SimulatedNetwork`, with the feature `nodes`: nodes of your application on a network that is as bad as a test wants it.
//!
//! Recorder and faults wrap the factory of an actor, and one may wrap the other:
//! `recorder.watch(faults.wrap(Shop::default))`.

mod faulty;
#[cfg(feature = "nodes")]
mod network;
mod probe;
mod recorder;
mod settle;

pub use faulty::{Fault, Faults, Faulty};
#[cfg(feature = "nodes")]
pub use network::SimulatedNetwork;
pub use probe::{EXPECT_TIMEOUT_DEFAULT, INBOX_MESSAGES_MAX, Probe};
pub use recorder::{EVENTS_MAX, Recorded, Recorder};
pub use settle::{pass, settle};
