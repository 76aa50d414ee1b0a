//! `make fuzz T=stripe_answer`: see [`veza_fuzz::stripe_answer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::stripe_answer(input));
