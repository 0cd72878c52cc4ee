//! Channels: the rules as pure values, and the actors that carry them out.

pub mod accord;
mod afar;
pub mod charter;
pub mod entry;
pub mod listing;
mod membership;
pub mod modes;
pub mod refusal;
pub mod request;
pub mod room;
pub mod rooms;
pub mod roster;
mod show;
