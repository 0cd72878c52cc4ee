//! Bytes of a stranger, into `actor_wire::fuzzing::decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| actor_wire::fuzzing::decode(bytes));
