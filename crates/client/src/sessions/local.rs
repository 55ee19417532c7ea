//! The session that this computer's own server leaves for the person who runs it, so that nothing has to be
//! configured. It is trusted only when the file belongs to us and nobody else can read or change it.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use proto::secret::Secret;
use serde::Deserialize;
use url::Url;

use super::{Session, Source};

/// Name of the file in the server's data folder.
pub const FILE: &str = "local-session.json";
/// The file holds a URL and a token.
const MAX_LENGTH: u64 = 16 * 1024;

#[derive(Deserialize)]
struct Content {
    url: String,
    token: String,
}

/// The server's data folder: `HOMEPORT_DATA_DIR`, else `homeport/server` in `XDG_DATA_HOME`, else in
/// `~/.local/share`. The environment is an argument.
#[must_use]
pub fn data_folder(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HOMEPORT_DATA_DIR").or_else(|| {
        let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")))?;
        Some(data.join("homeport/server"))
    })
}

/// Reads the session of the server with this data folder. A file that is not ours alone is as good as none.
#[must_use]
pub fn load(data_folder: &Path) -> Option<Session> {
    let path = data_folder.join(FILE);
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK).open(&path);
    let file = file.ok()?;
    let about = file.metadata().ok()?;
    let is_ours = about.is_file() && about.uid() == nix::unistd::geteuid().as_raw() && about.mode() & 0o077 == 0;
    if !is_ours {
        tracing::warn!(path = %path.display(), "ignoring a local session that is not private to this user");
        return None;
    }
    let mut text = String::new();
    file.take(MAX_LENGTH).read_to_string(&mut text).ok()?;
    let content: Content = serde_json::from_str(&text).ok()?;
    let url = Url::parse(&content.url).ok()?;
    Some(Session { url, token: Secret::new(content.token), source: Source::Local(path) })
}
