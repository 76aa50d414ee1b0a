//! The `veza` binary.

fn main() -> std::process::ExitCode {
    veza::cli::run()
}
