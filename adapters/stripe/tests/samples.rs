//! The samples are copies: where the contracts lie beside the workspace (or at `VEZA_CONTRACTS`), they must be the same bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

#[test]
fn samples_are_the_contracts() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let contracts = std::env::var_os("VEZA_CONTRACTS").map_or_else(|| here.join("../../../shared/contracts"), PathBuf::from);
    let originals = contracts.join("samples/stripe");
    if !originals.is_dir() {
        return; // a checkout without them: the copies are all there is
    }
    for copy in here.join("tests/samples").read_dir().unwrap() {
        let copy = copy.unwrap().path();
        if copy.extension().is_some_and(|extension| extension == "json") {
            let original = originals.join(copy.file_name().unwrap());
            assert!(std::fs::read(&copy).unwrap() == std::fs::read(&original).unwrap(), "{} differs", copy.display());
        }
    }
}
