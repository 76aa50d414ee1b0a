//! `make fuzz T=money`: see [`veza_fuzz::money`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::money(input));
