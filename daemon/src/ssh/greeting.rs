//! What a login shell says first: announcements of the deployment, then the message of the day. Not for how a shell starts.

use std::path::Path;

/// Larger files are cut: a message of the day is for reading.
const MOTD_LIMIT: usize = 64 * 1024;

/// The text for a terminal, empty when there is nothing to say.
#[must_use]
pub fn render(banners: &[String], motd: Option<&str>) -> String {
    let mut text = String::new();
    for banner in banners.iter().map(|banner| printable(banner)).filter(|banner| !banner.trim().is_empty()) {
        push_lines(&mut text, &banner);
        text.push_str("\r\n");
    }
    if let Some(motd) = motd.filter(|motd| !motd.trim().is_empty()) {
        push_lines(&mut text, motd);
    }
    text
}

/// The message of the day, unless the user silenced it with `~/.hushlogin`.
#[must_use]
pub fn message_of_the_day(path: &str, home: &Path) -> Option<String> {
    if path.is_empty() || home.join(".hushlogin").exists() {
        return None;
    }
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(home.join(path)).ok()?.take(MOTD_LIMIT as u64).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Announcements come over the network: they get no control characters of the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

fn push_lines(text: &mut String, lines: &str) {
    for line in lines.lines() {
        text.push_str(line);
        text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests;
