//! `make fuzz T=stripe_webhook`: see [`veza_fuzz::stripe_webhook`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::stripe_webhook(input));
