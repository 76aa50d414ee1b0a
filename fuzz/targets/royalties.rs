//! `make fuzz T=royalties`: see [`veza_fuzz::royalties`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::royalties(input));
