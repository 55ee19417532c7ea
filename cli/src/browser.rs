//! The system browser: whether there can be one, and opening something in it.

use std::ffi::OsStr;
use std::process::Stdio;

use tokio::process::Command;

/// Whether a browser can be seen here.
pub fn has_desktop() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Opens it, and says whether that worked. With some desktops this ends only when the browser does.
pub async fn open(what: impl AsRef<OsStr>) -> bool {
    let mut opener = Command::new("xdg-open");
    // Ctrl-C here is not meant for the browser.
    opener.arg(what).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    opener.status().await.is_ok_and(|status| status.success())
}
