//! The `veza` binary.

/// Gives the memory of a busy minute back to the system; glibc's keeps most of it for good (docs/proof.md, "Under load").
#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    veza::cli::run()
}
