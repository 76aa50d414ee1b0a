//! `make fuzz T=stripe_form`: see [`veza_fuzz::stripe_form`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::stripe_form(input));
