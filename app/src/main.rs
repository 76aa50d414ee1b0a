//! The `veza` binary.

/// Gives the memory of a busy minute back to the system; glibc's keeps most of it for good (docs/proof.md, "Under load").
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    veza::cli::run()
}
