//! The promises of GUARANTEES.md, one module each.

mod asking;
mod attached;
mod backing_off;
mod bad_input;
mod between_lives;
mod chat;
mod deadlocks;
mod delivery;
mod handles;
mod inspecting;
mod linking;
mod mailboxes;
mod naming;
mod nodes;
mod orders;
mod otp;
mod pool_lives;
mod pooling;
mod stopping;
mod supervision;
mod supervisors;
mod support;
mod telemetry;
mod tending;
mod tidy;
mod watching;
