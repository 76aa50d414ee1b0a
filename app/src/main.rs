//! The `veza` binary.

/// Each password hash takes 19 MiB for a moment. The system's allocator keeps such pieces in an arena per thread for good: some logins,
/// and the process is ten times as large as before. This one gives them back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    veza::cli::run()
}
