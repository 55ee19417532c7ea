//! What this person chose, as the file `desktop.json` of the configuration folder holds it. Pure; the file is read and
//! written in `settings_file.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lid::Rules;

/// The choices. A field that an older or newer version does not know is no error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Host workspaces on this computer.
    pub hosting: bool,
    /// Connect the tunnel when this program starts.
    pub connect_at_start: bool,
    /// Whether the tunnel and hosting go on after quitting; not decided until a person was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_after_quit: Option<bool>,
    /// Open `coder://` links too.
    pub coder_links: bool,
    /// Workspaces that stop some minutes after the lid was shut.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lid: Rules,
    /// The colour of the icon.
    pub icon: Tone,
}

/// The colour of the icon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// White with a dark edge, seen on every panel.
    #[default]
    Auto,
    /// White, for dark panels.
    Light,
    /// Nearly black, for light panels.
    Dark,
}
