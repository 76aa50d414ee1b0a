//! `make fuzz T=problem`: see [`veza_fuzz::problem`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::problem(input));
