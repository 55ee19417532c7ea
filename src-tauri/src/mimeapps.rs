//! The file `mimeapps.list` of a person: which program opens a scheme. Lines of others are never touched. Pure.

/// The section of what opens by default.
const DEFAULTS: &str = "[Default Applications]";

/// The text with `id` as what opens `scheme`, and who did before.
pub fn with(text: &str, scheme: &str, id: &str) -> (String, Option<String>) {
    let key = key(scheme);
    let before = value(text, &key);
    let mut lines: Vec<String> = without_key(text, &key);
    let line = format!("{key}{id}");
    match lines.iter().position(|line| line.trim() == DEFAULTS) {
        Some(at) => lines.insert(at + 1, line),
        None => lines.extend([DEFAULTS.to_owned(), line]),
    }
    (joined(&lines), before.filter(|before| before != id))
}

/// The text without `id` for `scheme`, and with who did before, when that is known. One that somebody else changed since
/// is left alone.
pub fn without(text: &str, scheme: &str, id: &str, before: Option<&str>) -> String {
    let key = key(scheme);
    if value(text, &key).as_deref() != Some(id) {
        return text.to_owned();
    }
    match before {
        Some(before) => with(text, scheme, before).0,
        None => {
            let mut lines = without_key(text, &key);
            // The section was ours alone.
            if let Some(at) = lines.iter().position(|line| line.trim() == DEFAULTS)
                && lines[at + 1..].iter().all(|line| line.trim().is_empty())
            {
                lines.truncate(at);
            }
            joined(&lines)
        }
    }
}

fn key(scheme: &str) -> String {
    format!("x-scheme-handler/{scheme}=")
}

/// What stands there, in the section of defaults.
fn value(text: &str, key: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != DEFAULTS).skip(1);
    let mut section = lines.take_while(|line| !line.starts_with('['));
    section.find_map(|line| line.strip_prefix(key)).map(str::to_owned)
}

fn without_key(text: &str, key: &str) -> Vec<String> {
    let mut is_in = false;
    let kept = text.lines().filter(|line| {
        if line.trim().starts_with('[') {
            is_in = line.trim() == DEFAULTS;
        }
        !(is_in && line.trim().starts_with(key))
    });
    kept.map(str::to_owned).collect()
}

fn joined(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

#[cfg(test)]
mod tests;
