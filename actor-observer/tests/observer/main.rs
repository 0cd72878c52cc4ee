//! What the observer promises, tested from outside: by requests, as a browser makes them.

mod access;
mod client;
mod looks;
mod subject;
