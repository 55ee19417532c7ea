//! `homeport daemon` (alias `agent`): the workspace daemon. Its code is the package `daemon`.

use crate::failure::failure;

/// Options of `daemon`.
#[derive(clap::Args)]
pub struct Args {}

pub async fn run(_args: Args) -> anyhow::Result<u8> {
    Err(failure("the workspace daemon is not in this build", "build the whole workspace"))
}
