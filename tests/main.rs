//! The promises of GUARANTEES.md, one module each.

mod tidy;
