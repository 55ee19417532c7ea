//! `homeport server`: becomes the program `homeport-server`. The server's code is not in this program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::failure::failure;

const PROGRAM: &str = "homeport-server";

/// Options of `server`; they are those of `homeport-server`.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// Options of the server; see `homeport server --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

pub fn run(args: Args) -> anyhow::Result<u8> {
    become_server(args.options)
}

/// Replaces this process, so that signals and exit codes are the server's own. Returns only on failure.
pub fn become_server(options: Vec<OsString>) -> anyhow::Result<u8> {
    let Some(program) = client::installed::own(PROGRAM) else {
        return Err(failure("the server is not installed", format!("put `{PROGRAM}` beside `homeport` or into PATH")));
    };
    let error = Command::new(program).args(options).exec();
    Err(anyhow::Error::new(error).context(format!("cannot start {PROGRAM}")))
}
