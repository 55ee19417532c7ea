//! The command line, and the same words as a second start hands them to the first. No IO.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::event::Event;
use crate::open::Target;

/// What this program can be told.
#[derive(Debug, Clone, Default, clap::Parser, Serialize, Deserialize)]
#[command(name = "homeport-desktop", version, about = "Homeport in the tray: your workspaces, wherever they run.")]
#[serde(default)]
pub struct Arguments {
    /// Start without saying so; for starting at login
    #[arg(long)]
    pub minimized: bool,
    /// Connect to every deployment
    #[arg(long, conflicts_with = "disconnect")]
    pub connect: bool,
    /// Disconnect
    #[arg(long)]
    pub disconnect: bool,
    /// Host workspaces on this computer
    #[arg(long, conflicts_with = "no_host")]
    pub host: bool,
    /// Stop hosting workspaces on this computer
    #[arg(long)]
    pub no_host: bool,
    /// Show the workspaces in the browser
    #[arg(long)]
    pub open: bool,
    /// Show the menu in a window
    #[arg(long)]
    pub menu: bool,
    /// Put this program into the menu of applications, with its icons and links, and end
    #[arg(long, conflicts_with = "uninstall")]
    pub install: bool,
    /// Take that back, and end
    #[arg(long)]
    pub uninstall: bool,
    /// End the running program
    #[arg(long)]
    pub quit: bool,
    /// A homeport:// link
    #[arg(value_name = "LINK")]
    pub link: Option<String>,
}

impl Arguments {
    /// What the line of a second start asks of the program that runs; `None` for nonsense.
    pub fn heard(line: &str) -> Option<Vec<Event>> {
        let arguments: Self = serde_json::from_str(line).ok()?;
        let is_bare = !arguments.minimized;
        let mut wishes = arguments.events();
        if wishes.is_empty() && is_bare {
            wishes.push(Event::StartedAgain);
        }
        Some(wishes)
    }

    /// What they ask of a program that runs.
    pub fn events(self) -> Vec<Event> {
        let wishes = [
            (self.connect, Action::Connect(true)),
            (self.disconnect, Action::Connect(false)),
            (self.host, Action::Host(true)),
            (self.no_host, Action::Host(false)),
            (self.open, Action::Dashboard),
            (self.menu, Action::Open(Target::Menu)),
            (self.quit, Action::Quit(None)),
        ];
        let wishes = wishes.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, action)| Event::Asked(action));
        wishes.chain(self.link.map(Event::Link)).collect()
    }
}

#[cfg(test)]
mod tests;
