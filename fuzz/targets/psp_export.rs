//! `make fuzz T=psp_export`: see [`veza_fuzz::psp_export`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| veza_fuzz::psp_export(input));
