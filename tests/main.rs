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
mod hostile;
mod inspecting;
mod linking;
mod mailboxes;
mod members;
mod naming;
mod node_chaos;
mod node_cost;
mod node_delivery;
mod node_entry;
mod node_groups;
mod node_idle;
mod node_links;
mod node_lookup;
mod node_loss;
mod node_members;
mod node_names;
mod node_presence;
mod nodes;
mod orders;
mod otp;
mod pool_lives;
mod pooling;
// Signals are of Unix.
#[cfg(unix)]
mod processes;
mod scheduling;
mod sites;
mod stopping;
mod supervision;
mod supervisors;
mod support;
mod telemetry;
mod tending;
mod tidy;
mod trio;
mod watching;
