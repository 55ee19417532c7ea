//! `homeport config-ssh`: makes `ssh <workspace>.coder` work by a block in the person's SSH configuration.

mod block;

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::failure::failure;
use crate::global::{Global, variable};
use crate::terminal::{confirm, print, progress};
use block::{Block, BlockError};

/// Suffix when the deployment names none.
const SUFFIX: &str = "coder";
/// Prefix when the deployment names none.
const PREFIX: &str = "coder.";
/// A configuration that is longer is something else.
const MAX_LENGTH: u64 = 4 * 1024 * 1024;

/// Options of `config-ssh`.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration to change.
    #[arg(long, env = "CODER_SSH_CONFIG_FILE", value_name = "FILE")]
    ssh_config_file: Option<PathBuf>,
    /// An option for our hosts, as `Name=value` or `Name value`; may be repeated.
    #[arg(short = 'o', long = "ssh-option", value_name = "OPTION")]
    ssh_options: Vec<String>,
    /// Path of this program as the configuration shall name it.
    #[arg(long, value_name = "FILE")]
    coder_binary_path: Option<String>,
    /// Suffix of host names.
    #[arg(long, env = "CODER_CONFIGSSH_HOSTNAME_SUFFIX")]
    hostname_suffix: Option<String>,
    /// Prefix of host names.
    #[arg(long, env = "CODER_CONFIGSSH_SSH_HOST_PREFIX")]
    ssh_host_prefix: Option<String>,
    /// Do not start stopped workspaces.
    #[arg(long)]
    disable_autostart: bool,
    /// Whether to wait for startup scripts: yes, no or auto.
    #[arg(long, value_name = "WHEN")]
    wait: Option<String>,
    /// Remove the block.
    #[arg(long)]
    remove: bool,
    /// Show the change and do nothing.
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let path = match &args.ssh_config_file {
        Some(path) => expand_home(path),
        None => expand_home(Path::new("~/.ssh/config")),
    };
    // The file may be a link into a folder of dotfiles: the link stays, its end is changed.
    let path = std::fs::canonicalize(&path).unwrap_or(path);
    let old = read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (block, suffix) = if args.remove {
        (Vec::new(), String::new())
    } else {
        let block = wanted(&args, global).await?;
        (block.lines().map_err(advise)?, block.suffix)
    };
    let current = block::current(&old).map_err(advise)?;
    let new = block::replace(&old, (!block.is_empty()).then_some(&block)).map_err(advise)?;
    if new == old {
        print(&format!("{} needs no change.", path.display()));
        return Ok(0);
    }
    progress(&format!("{}:", path.display()));
    for line in block::difference(&current, &block) {
        if args.dry_run { print(&line.replace('\t', "    ")) } else { progress(&line.replace('\t', "    ")) }
    }
    if args.dry_run {
        return Ok(0);
    }
    if !args.yes && !confirm("Change the file?")? {
        return Err(failure("nothing was changed", "answer yes, or add `--yes`"));
    }
    write(&path, &old, &new).with_context(|| format!("cannot write {}", path.display()))?;
    print(&if args.remove {
        format!("The block is gone from {}.", path.display())
    } else {
        format!("Now `ssh <workspace>.{suffix}` works.")
    });
    Ok(0)
}

async fn wanted(args: &Args, global: &Global) -> anyhow::Result<Block> {
    let deployment = global.deployment().await?;
    let told = deployment.ssh_config().await?;
    let mut options = BTreeMap::new();
    for (name, value) in told.ssh_config_options {
        options.insert(name, value);
    }
    for option in &args.ssh_options {
        let Some((name, value)) = option.split_once(['=', ' ']) else {
            return Err(failure(format!("`{option}` is not an SSH option"), "write it as Name=value"));
        };
        options.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    let program = match &args.coder_binary_path {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.to_str().context("the path of this program is no text")?.to_owned(),
    };
    let mut ssh_flags = Vec::new();
    if args.disable_autostart {
        ssh_flags.push("--disable-autostart".to_owned());
    }
    if let Some(wait) = &args.wait {
        if !matches!(wait.as_str(), "yes" | "no" | "auto") {
            return Err(failure(format!("`{wait}` is no answer to --wait"), "choose yes, no or auto"));
        }
        ssh_flags.push(format!("--wait={wait}"));
    }
    let told_or = |told: String, default: &str| if told.is_empty() { default.to_owned() } else { told };
    let suffix = args.hostname_suffix.clone().unwrap_or_else(|| told_or(told.hostname_suffix, SUFFIX));
    let prefix = args.ssh_host_prefix.clone().unwrap_or_else(|| told_or(told.hostname_prefix, PREFIX));
    for word in [&suffix, &prefix] {
        if !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
            return Err(failure(
                format!("`{word}` cannot be part of a host name"),
                "use letters, digits, dots and hyphens",
            ));
        }
    }
    Ok(Block {
        program,
        folder: global.folder()?.to_str().context("the configuration folder's path is no text")?.to_owned(),
        suffix: suffix.trim_start_matches('.').to_owned(),
        prefix,
        ssh_flags,
        options,
    })
}

fn advise(error: BlockError) -> anyhow::Error {
    let next = match &error {
        BlockError::Markers { .. } => "repair the markers by hand; nothing was changed",
        BlockError::Path(_) => "move the program or the folder to a plainer path",
        BlockError::Value(_) => "give another value",
    };
    failure(error.to_string(), next)
}

fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), variable("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(about) if about.len() > MAX_LENGTH => Err(io::Error::other("it is too long for an SSH configuration")),
        Ok(_) => std::fs::read(path),
    }
}

/// Replaces the file in one step and keeps its mode and owner. Somebody else's change in the meantime wins.
fn write(path: &Path, old: &[u8], new: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("the file has no folder")?;
    client::sessions::file::make_private_folder(folder)?;
    let name = path.file_name().context("the file has no name")?.to_string_lossy();
    let half = folder.join(format!(".{name}.homeport-{}", std::process::id()));
    let result = (|| {
        let about = std::fs::metadata(path).ok();
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
        io::Write::write_all(&mut file, new)?;
        if let Some(about) = about {
            file.set_permissions(std::fs::Permissions::from_mode(about.mode() & 0o7777))?;
            // Only root can give a file away; for everybody else it is theirs already.
            let _ = std::os::unix::fs::fchown(&file, Some(about.uid()), Some(about.gid()));
        }
        file.sync_all()?;
        if read(path)? != old {
            return Err(failure("the file was changed by somebody else just now", "run the command again"));
        }
        Ok(std::fs::rename(&half, path)?)
    })();
    if result.is_err() {
        let _ = std::fs::remove_file(&half);
    }
    result
}

#[cfg(test)]
mod tests;
