//! `make fuzz T=cursor`: see [`veza_fuzz::cursor`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::cursor(input));
