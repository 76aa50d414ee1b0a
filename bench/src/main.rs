//! The benchmark as a program; what it does is in the library beside it, which `bench/compare` uses too.

use std::process::ExitCode;

fn main() -> ExitCode {
    veza_bench::main()
}
