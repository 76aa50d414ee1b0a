//! The `veza` binary, armed: it reads from its environment where it is to kill itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(message) = veza::killpoints::arm_from_env() {
        let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{message}\n")); // nobody is left to tell
        return ExitCode::from(2);
    }
    veza::cli::run()
}
