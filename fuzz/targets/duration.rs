//! `make fuzz T=duration`: see [`veza_fuzz::duration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::duration(input));
