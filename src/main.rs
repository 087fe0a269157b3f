//! Runs the command line and exits with its code.

use std::process::ExitCode;

fn main() -> ExitCode {
    asof::cli::run(std::env::args_os())
}
