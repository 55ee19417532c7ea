//! The script that turns a machine into a workspace: fetches the program from this server and runs it. Text only.
//!
//! The caller sets `CODER_AGENT_TOKEN` in the environment. The script is the same for every workspace and holds no secret.

/// Linux and macOS; POSIX `sh` with curl, wget or busybox.
const UNIX: &str = include_str!("init_script/unix.sh");

/// Systems and processors that the wire knows; ours can only be run by the first.
const PAIRS: [(&str, &str); 7] = [
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("linux", "armv7"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
    ("windows", "amd64"),
    ("windows", "arm64"),
];

/// The script for a machine; none for a pair that is unknown or that we have no script for.
#[must_use]
pub fn render(os: &str, arch: &str, access_url: &str) -> Option<String> {
    if !PAIRS.contains(&(os, arch)) || os == "windows" {
        return None;
    }
    let url = if access_url.ends_with('/') { access_url.to_owned() } else { format!("{access_url}/") };
    // Single quotes in a URL are the only letters that could leave the quoting of the script.
    let url = url.replace('\'', "%27");
    Some(UNIX.replace("@OS@", os).replace("@ARCH@", arch).replace("@ACCESS_URL@", &url))
}

/// The processor of this machine in the words of the wire.
#[must_use]
pub fn own_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "armv7",
        other => other,
    }
}

#[cfg(test)]
mod tests;
