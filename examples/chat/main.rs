//! Flags in, server out.
fn main() {}
