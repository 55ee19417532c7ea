//! The command line, and the same words as a second start hands them to the first. No IO.

use serde::{Deserialize, Serialize};
use url::Url;

/// Where a window begins.
const FIRST_PAGE: &str = "/workspaces";
/// Longest page.
const MAX_PAGE: usize = 2_000;

/// What this program can be told.
#[derive(Debug, Clone, Default, clap::Parser, Serialize, Deserialize)]
#[command(name = "homeport-window", version, about = "Homeport's pages in a window.")]
#[serde(default, deny_unknown_fields)]
pub struct Arguments {
    /// The page to show, for example /workspaces
    #[arg(long, default_value = FIRST_PAGE, value_parser = page)]
    pub page: String,
    /// Show the menu of the tray instead
    #[arg(long, conflicts_with_all = ["page", "deployment"])]
    pub menu: bool,
    /// The deployment; where there is none, the one that is signed in at
    #[arg(long, value_name = "URL")]
    pub deployment: Option<Url>,
}

impl Arguments {
    /// The line of a second start, checked as the command line is; `None` for nonsense.
    pub fn heard(line: &str) -> Option<Self> {
        let given: Self = serde_json::from_str(line).ok()?;
        let page = if given.page.is_empty() { FIRST_PAGE.to_owned() } else { page(&given.page).ok()? };
        Some(Self { page, ..given })
    }
}

/// A page of ours: a path, perhaps with a query, that cannot lead out of the pages.
fn page(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/-_.@?=&:%+,".contains(letter);
    if text.len() > MAX_PAGE || !text.starts_with('/') || text.starts_with("//") || !text.chars().all(is_plain) {
        return Err("a page is a path like /workspaces".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
