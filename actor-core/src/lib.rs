//! Mailbox-driven actors (being written).
