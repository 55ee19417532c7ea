//! What the terminal can: colour, width, and how foreign text is made harmless. Not for raw mode (`ssh/raw_mode.rs`).

use std::io::{IsTerminal, Write};

/// Whether colour may be used on standard error, where progress goes.
pub fn has_colour() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !plain && !dumb && std::io::stderr().is_terminal()
}

/// A line of progress on standard error; dim where colour is possible.
pub fn progress(text: &str) {
    let text = harmless(text);
    let mut to = std::io::stderr().lock();
    // Progress is a courtesy: when nobody can read it, the work goes on.
    let _ = if has_colour() { writeln!(to, "\x1b[2m{text}\x1b[0m") } else { writeln!(to, "{text}") };
}

/// A line of result on standard output. A closed pipe ends the program quietly, as it does `cat`.
pub fn print(text: &str) {
    let mut to = std::io::stdout().lock();
    if writeln!(to, "{text}").and_then(|()| to.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Text from a server or a workspace as one line without terminal escapes.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Asks a yes-or-no question; anything else than yes is no. Without a terminal nobody can answer.
pub fn confirm(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(crate::failure::failure("this needs a confirmation", "add `--yes`"));
    }
    let mut to = std::io::stderr().lock();
    write!(to, "{question} [y/N] ")?;
    to.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
