//! A socket in the workspace behind which the client's SSH agent answers (`ssh -A`). Not for keys of our own.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::server::Handle;
use tokio::net::UnixListener;
use tokio_util::task::AbortOnDropHandle;

use super::channels::Channels;
use super::forward;

/// The socket and its folder, gone when this is dropped.
#[derive(Debug)]
pub struct AgentSocket {
    folder: PathBuf,
    path: PathBuf,
    _accepting: AbortOnDropHandle<()>,
}

impl AgentSocket {
    /// Makes the socket (0600 in a folder 0700) and forwards every connection to the client.
    pub fn open(handle: Handle, channels: Arc<Channels>) -> io::Result<Self> {
        let folder = create_folder()?;
        let path = folder.join("agent.sock");
        let listener = listen(&path).inspect_err(|_| remove(&folder, &path))?;
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(listener, handle, channels)));
        Ok(Self { folder, path, _accepting: accepting })
    }

    /// For `SSH_AUTH_SOCK`.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AgentSocket {
    fn drop(&mut self) {
        remove(&self.folder, &self.path);
    }
}

async fn accept(listener: UnixListener, handle: Handle, channels: Arc<Channels>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                forward::accept_failed(&error).await;
                continue;
            }
        };
        if !channels.has_room() {
            continue;
        }
        let (handle, channels) = (handle.clone(), Arc::clone(&channels));
        let tasks = channels.tasks.clone();
        tasks.spawn(async move {
            let opened = handle.channel_open_agent().await;
            forward::serve_opened(opened, stream, &channels).await;
        });
    }
}

fn create_folder() -> io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let folder = std::env::temp_dir().join(format!("homeport-agent-{:016x}", u64::from_ne_bytes(random)));
    // Creating fails when the name exists, so nobody can have put a folder of theirs there.
    DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn remove(folder: &Path, path: &Path) {
    // Whatever else may be in the folder is not ours to remove.
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_dir(folder);
}
