//! `homeport completion`: a script for the shell that completes our commands.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::command::Homeport;
use crate::failure::failure;

/// Options of `completion`.
#[derive(clap::Args)]
pub struct Args {
    /// The shell: bash, elvish, fish, powershell or zsh; `SHELL` says it otherwise.
    shell: Option<Shell>,
}

pub fn run(args: Args) -> anyhow::Result<u8> {
    let Some(shell) = args.shell.or_else(Shell::from_env) else {
        return Err(failure("the shell is not known", "name it: `homeport completion bash`"));
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Homeport::command(), "homeport", &mut script);
    crate::terminal::print(String::from_utf8_lossy(&script).trim_end());
    Ok(0)
}
