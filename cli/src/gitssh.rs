//! `homeport gitssh`: Git's SSH command inside a workspace. It runs `ssh` with the owner's key, which the deployment
//! keeps; the key is a 0600 file for as long as `ssh` runs.

use std::ffi::OsString;
use std::process::Stdio;

use client::Deployment;
use client::sessions::file;
use proto::secret::Secret;

use crate::failure::failure;
use crate::global::{parse_url, variable};

/// Options of `gitssh`.
#[derive(clap::Args)]
pub struct Args {
    /// Arguments of `ssh`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub async fn run(args: Args) -> anyhow::Result<u8> {
    let deployment = in_workspace()?;
    let key = deployment.agent_git_ssh_key().await?;
    let folder = std::env::temp_dir().join(format!("homeport-gitssh-{}", std::process::id()));
    file::make_private_folder(&folder)?;
    let result = with_key(&folder, key.private_key, args.arguments).await;
    // The key must not outlive the command.
    let removed = std::fs::remove_dir_all(&folder);
    let code = result?;
    removed?;
    if code == 255 {
        crate::terminal::progress(
            "If the host does not know you: add this key there, it is also on your account page.",
        );
        crate::terminal::progress(&key.public_key);
    }
    Ok(code)
}

async fn with_key(folder: &std::path::Path, key: String, arguments: Vec<OsString>) -> anyhow::Result<u8> {
    let path = folder.join("key");
    let key = Secret::new(if key.ends_with('\n') { key } else { key + "\n" });
    file::write_private(&path, key.expose().as_bytes())?;
    let mut command = tokio::process::Command::new("ssh");
    command.arg("-i").arg(&path).args(arguments).stdin(Stdio::inherit());
    match command.status().await {
        Ok(status) => Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(failure("there is no `ssh` in this workspace", "install an OpenSSH client in it"))
        }
        Err(error) => Err(error.into()),
    }
}

/// The deployment as the daemon of this workspace knows it.
pub fn in_workspace() -> anyhow::Result<Deployment> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    let (Some(url), Some(token)) = (set("CODER_AGENT_URL"), set("CODER_AGENT_TOKEN")) else {
        return Err(failure(
            "this is not a workspace",
            "run it in one, where CODER_AGENT_URL and CODER_AGENT_TOKEN are set",
        ));
    };
    Ok(Deployment::new(parse_url(&url)?, Secret::new(token))?)
}
