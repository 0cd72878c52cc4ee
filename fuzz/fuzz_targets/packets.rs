//! Bytes of a stranger, into `actor_net::fuzzing::packets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| actor_net::fuzzing::packets(bytes));
