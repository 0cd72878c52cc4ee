//! A chat server for every IRC client, and the browser, in which each moving part is an actor.
//!
//! ```text
//!              Listener (irc)   Listener (tls)   Web (http)        one actor per port
//!                        \           |           /
//!                          Connections                             supervisor, counts and limits
//!                         /      |      \
//!                 Connection Connection Connection                 one per client; reads, answers
//!                    |    \______  |
//!                    |           \ |
//!              Rooms (supervisor)  Directory                       who is here under which nick
//!               /    \            /
//!            Room    Room ───────'                                 one per channel; ends when empty
//!
//!                    Examiner                                      compares operators' passwords, one at a time
//!
//!                      Hub                                         in a network of servers alone
//!                     /   \
//!                Envoy     Deputy                                  for each other server: tells it what happens here;
//!                                                                  does for its users what connections do for ours
//! ```
//!
//! Waiting goes one way: connections ask rooms and the directory, rooms wait for the directory, the directory for nobody.
//! What is said goes straight into the [`outbox`] of each receiver, as bytes that all of them share; nobody waits for a
//! client to read. The rules live in [`protocol`], [`channel`] and [`user`] as values without socket or clock; the actors
//! beside them only carry out what the rules decide. How several servers are one network is told in [`network`].
//!
//! A [`Server`] is started with a [`Config`](config::Config):
//!
//! ```no_run
//! # async fn run() -> Result<(), chat::StartError> {
//! let server = chat::Server::start(chat::config::Config::default()).await?;
//! println!("listening on {:?}", server.irc_addr());
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod about;
pub mod channel;
pub mod clock;
pub mod config;
pub mod connection;
pub mod motd;
pub mod network;
pub mod outbox;
pub mod protocol;
pub mod site;
pub mod transport;
pub mod user;

mod http;
mod observer;
mod server;

pub use server::{Server, StartError};
