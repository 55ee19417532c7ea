//! The program `homeport-desktop`. What it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    desktop::main()
}
