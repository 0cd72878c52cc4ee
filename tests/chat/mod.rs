//! What the chat server promises to its users, each part from the outside over real sockets.

mod bad_input;
mod capabilities;
mod channels;
mod client;
mod faults;
mod limits;
mod messages;
mod modes;
mod network;
mod noise;
mod observed;
mod operators;
mod people;
mod races;
mod registration;
mod server;
mod splits;
mod transports;
