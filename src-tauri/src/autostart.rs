//! Starting at login: an entry of the XDG autostart specification, there only when a person asked for it.

use std::path::Path;

/// Name of the entry.
pub const FILE: &str = "homeport-desktop.desktop";
/// Longer entries are somebody else's.
const MAX_LENGTH: usize = 16 * 1024;

/// Whether the entry is there and not switched off by the desktop's own settings.
pub fn is_on(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    text.len() <= MAX_LENGTH && !is_off(&text)
}

fn is_off(entry: &str) -> bool {
    let mut lines = entry.lines().map(|line| line.replace(' ', ""));
    lines.any(|line| line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false")
}

/// Writes or removes the entry.
///
/// # Errors
/// A sentence for people.
pub fn set(path: &Path, is_on: bool, program: &Path) -> Result<(), String> {
    let done = if is_on {
        let folder = path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, entry(&program.to_string_lossy())))
    } else {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    };
    done.map_err(|error| format!("{} cannot be changed: {error}", path.display()))
}

fn entry(program: &str) -> String {
    let quoted = quoted(program);
    format!(
        "[Desktop Entry]\nType=Application\nName=Homeport\nComment=Your workspaces in the tray\n\
         Exec=\"{quoted}\" --minimized\nIcon=homeport\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    )
}

/// The specification's quoting of an argument in `Exec`, and of a backslash in a value.
pub fn quoted(program: &str) -> String {
    let escape = |letter| match letter {
        '"' | '`' | '$' => vec!['\\', '\\', letter],
        '\\' => vec!['\\', '\\', '\\', '\\'],
        '%' => vec!['%', '%'],
        letter => vec![letter],
    };
    program.chars().flat_map(escape).collect()
}

#[cfg(test)]
mod tests;
