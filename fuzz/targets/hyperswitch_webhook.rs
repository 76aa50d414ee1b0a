//! `make fuzz T=hyperswitch_webhook`: see [`veza_fuzz::hyperswitch_webhook`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::hyperswitch_webhook(input));
