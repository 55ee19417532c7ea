//! The tray's menu as the compact window shows it, where no panel shows the tray: what `homeport-desktop` and
//! `homeport-window` say to each other on a private Unix socket.
//!
//! ```text
//!   tray ── FromTray, a line of JSON each (at most MAX_VIEW bytes) ──► window
//!        ◄── Click, a line of JSON each (at most MAX_CLICK bytes) ────
//! ```
//!
//! A click names the view that it was made on: between drawing and clicking the menu may have changed, and what a person
//! saw is what counts. A line that asks takes a text; no secret is ever asked for here. The words come from the tray; no
//! address, token or command is in them that the menu does not show.

use serde::{Deserialize, Serialize};

/// The socket's file in the runtime folder of the user's programs.
pub const SOCKET: &str = "menu.sock";
/// Longest view, bytes: some thousand workspaces with all that can be done with them.
pub const MAX_VIEW: usize = 16 * 1024 * 1024;
/// Longest click, bytes; JSON may write one byte of an answer as six.
pub const MAX_CLICK: usize = 4 * 1024;
/// Longest answer, bytes.
pub const MAX_TEXT: usize = 512;

/// What the tray says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromTray {
    /// The menu, whole, whenever it changed.
    View(MenuView),
    /// The tray program was ended by a person: nothing comes any more.
    Ended,
}

/// The menu at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MenuView {
    /// Counts up; a click names it.
    pub number: u32,
    /// The shape that the icon would have.
    pub icon: MenuIcon,
    /// The state in words.
    pub headline: String,
    /// The lines of the menu.
    pub items: Vec<MenuItem>,
}

/// What the icon says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MenuIcon {
    /// Not connected.
    Off,
    /// Something is under way.
    Working,
    /// Connected.
    On,
    /// Something wants a person.
    Attention,
    /// Something is broken.
    Error,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MenuItem {
    /// Only says something.
    Line {
        /// What it says.
        label: String,
    },
    /// Does something.
    Do {
        /// What it says.
        label: String,
    },
    /// Is on or off.
    Switch {
        /// What it says.
        label: String,
        /// Its state.
        is_on: bool,
    },
    /// Opens more lines.
    More {
        /// The same for the same thing in the next view, while its label changes.
        key: String,
        /// What it says.
        label: String,
        /// The lines below.
        items: Vec<MenuItem>,
    },
    /// Wants a line of text; a click on it brings it.
    Ask {
        /// What is asked.
        label: String,
        /// How an answer looks.
        hint: String,
    },
    /// Keeps apart what is above and below.
    Separator,
}

/// A click of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Click {
    /// [`MenuView::number`].
    pub view: u32,
    /// Which line of the menu, which line below that, and so on, from 0.
    pub path: Vec<u16>,
    /// The answer to a [`MenuItem::Ask`], at most [`MAX_TEXT`] bytes; nothing else has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub text: Option<String>,
}

#[cfg(test)]
mod tests;
