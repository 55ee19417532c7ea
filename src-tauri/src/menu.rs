//! The menu as a tree, drawn from the state. Pure; how it is shown is in `tray.rs`.
//!
//! ```text
//!   state line · what is wrong · questions · sign-ins that begin
//!   Connect
//!   workspaces by deployment (favourites first, at most 8, the rest under "More…")
//!   create · dashboard · hosting · settings · help · accounts · quit
//! ```

mod accounts;
mod reachable;
mod summary;
pub mod wire;
mod workspace;

use time::UtcOffset;
use url::Url;

use crate::action::Action;
use crate::event::Account;
use crate::hosting::Phase;
use crate::icon::Icon;
use crate::label::label;
use crate::open::Target;
use crate::place::Place;
use crate::row::Row;
use crate::state::State;

/// Rows of a deployment that are shown at once.
const MOST: usize = 8;

/// One line of the menu.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A line that only says something.
    Line(String),
    /// A line that does something.
    Do {
        label: String,
        action: Action,
    },
    /// A line that is on or off.
    Switch {
        label: String,
        is_on: bool,
        action: Action,
    },
    /// A line that wants an address; a panel cannot take one, the window of the menu can.
    AskWhere {
        label: String,
        hint: String,
    },
    /// A line that opens more lines.
    More {
        label: String,
        items: Vec<Item>,
    },
    Separator,
}

impl Item {
    pub fn line(text: &str) -> Self {
        Self::Line(label(text))
    }

    pub fn of(text: &str, action: Action) -> Self {
        Self::Do { label: label(text), action }
    }

    pub fn switch(text: &str, is_on: bool, action: Action) -> Self {
        Self::Switch { label: label(text), is_on, action }
    }

    pub fn more(text: &str, items: Vec<Self>) -> Self {
        Self::More { label: label(text), items }
    }
}

/// All that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub icon: Icon,
    /// The state in words: the first line and the tooltip.
    pub headline: String,
    /// More of it, for the tooltip.
    pub details: Vec<String>,
    pub items: Vec<Item>,
}

/// What the shell knows and the state does not need.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// For times of day.
    pub offset: Option<UtcOffset>,
    pub settings_file: std::path::PathBuf,
    pub server_log: std::path::PathBuf,
}

/// Draws the state.
pub fn view(state: &State, around: &Surroundings) -> View {
    let headline = summary::headline(state);
    let details = summary::details(state);
    let mut items = vec![Item::line(&format!("{} {headline}", summary::mark(summary::icon(state))))];
    items.extend(details.iter().map(|line| Item::Line(line.clone())));
    items.extend(state.asked.iter().map(|asked| {
        let answers = vec![
            Item::line(&asked.question),
            Item::of("Open", Action::Answer(asked.number, true)),
            Item::of("Refuse", Action::Answer(asked.number, false)),
        ];
        Item::more(&format!("⚠ {}", asked.question), answers)
    }));
    items.extend(reachable::question(state));
    items.extend(accounts::beginnings(state));
    items.push(connect(state));
    items.push(Item::Separator);
    items.extend(deployments(state, around));
    items.extend([create(state), window(state), dashboard(state)].into_iter().flatten());
    items.push(hosting(state));
    items.extend(reachable::item(state, around));
    items.push(Item::Separator);
    items.extend([settings(state, around), help(around), accounts::menu(state)]);
    items.push(quit(state));
    View { icon: summary::icon(state), headline, details, items }
}

fn connect(state: &State) -> Item {
    if state.has_tunnel() {
        return Item::switch("Connect", state.is_connected(), Action::Connect(!state.is_connected()));
    }
    let in_terminal = Action::Open(Target::Tool(vec!["connect".into(), "start".into(), "--userspace".into()]));
    let items = vec![
        Item::line("The tunnel service does not run here."),
        Item::line("Start it: systemctl start homeport-tunnel"),
        Item::of("Connect without it, in a terminal", in_terminal),
    ];
    Item::more("Connect (no tunnel service)", items)
}

fn deployments(state: &State, around: &Surroundings) -> Vec<Item> {
    let mut items = Vec::new();
    let is_single = state.accounts.len() < 2;
    for Account { place, is_local } in &state.accounts {
        let Some(deployment) = state.deployments.get(place) else { continue };
        if !is_single {
            items.push(Item::line(&title(place, *is_local)));
        }
        if let Some(fault) = &deployment.fault {
            items.extend(summary::trouble(&fault.text).map(Item::Line));
            if fault.is_sign_in {
                items.extend(accounts::sign_in(state, place));
            }
        }
        match &deployment.listing {
            None if deployment.fault.is_none() => items.push(Item::line("Asking for the workspaces…")),
            None => {}
            Some(listing) if listing.rows.is_empty() => items.push(Item::line("No workspaces yet")),
            Some(listing) => {
                let mut rows: Vec<&Row> = listing.rows.iter().collect();
                rows.sort_by_cached_key(|row| (!row.is_favourite, row.name.to_lowercase(), row.owner.clone()));
                let mut drawn = rows.iter().map(|row| workspace::item(state, around, place, row, &listing.user));
                items.extend(drawn.by_ref().take(MOST));
                let rest: Vec<Item> = drawn.collect();
                if !rest.is_empty() {
                    items.push(Item::more(&format!("More… ({})", rest.len()), rest));
                }
            }
        }
        items.push(Item::Separator);
    }
    if state.accounts.is_empty() {
        let hint = if state.hosting.is_wanted() {
            "The first workspace comes in a moment"
        } else {
            "No workspaces: host them here, or sign in somewhere"
        };
        items.extend([Item::line(hint), accounts::elsewhere(), Item::Separator]);
    }
    items
}

fn title(place: &Place, is_local: bool) -> String {
    if is_local { format!("This computer ({})", place.host()) } else { place.host() }
}

/// One item per deployment, or a submenu of them.
fn per_deployment(state: &State, text: &str, page: &[&str], target: impl Fn(Place, Url) -> Target) -> Option<Item> {
    let mut items: Vec<Item> = Vec::new();
    for Account { place, is_local } in &state.accounts {
        let Some(url) = place.page(page) else { continue };
        let name = if state.accounts.len() == 1 { text.to_owned() } else { title(place, *is_local) };
        items.push(Item::of(&name, Action::Open(target(place.clone(), url))));
    }
    if items.len() < 2 { items.pop() } else { Some(Item::more(text, items)) }
}

fn create(state: &State) -> Option<Item> {
    per_deployment(state, "Create workspace…", &["templates"], |place, page| Target::Window { place, page })
}

fn dashboard(state: &State) -> Option<Item> {
    per_deployment(state, "Open dashboard", &["workspaces"], |place, page| Target::Page { place, page })
}

fn window(state: &State) -> Option<Item> {
    state.programs.window.as_ref()?;
    per_deployment(state, "Open a window", &["workspaces"], |place, page| Target::Window { place, page })
}

fn hosting(state: &State) -> Item {
    let is_on = state.hosting.is_wanted();
    let text = match &state.hosting.phase {
        Phase::Starting => "Host workspaces on this computer (starting)",
        Phase::Stopping => "Host workspaces on this computer (stopping)",
        Phase::Waiting(_) => "Host workspaces on this computer (starting again)",
        Phase::Failed(_) => "Host workspaces on this computer (failed)",
        Phase::Off if runs_by_itself(state) => "Host workspaces on this computer (a server runs already)",
        Phase::On { .. } | Phase::Off => "Host workspaces on this computer",
    };
    // One that failed is switched on again by the same line.
    let action = Action::Host(!is_on || matches!(state.hosting.phase, Phase::Failed(_)));
    Item::switch(text, is_on, action)
}

/// Whether somebody else started the server of this computer. Switched on, it is found, and started again when it ends.
fn runs_by_itself(state: &State) -> bool {
    let answers = |place| state.deployments.get(place).is_some_and(|of| of.listing.is_some() && of.fault.is_none());
    state.accounts.iter().any(|account| account.is_local && answers(&account.place))
}

fn settings(state: &State, around: &Surroundings) -> Item {
    let keeps = state.settings.keep_after_quit.unwrap_or(true);
    let file = Action::Open(Target::File(around.settings_file.clone()));
    let at_start = state.settings.connect_at_start;
    let coder = state.settings.coder_links;
    Item::more(
        "Settings",
        vec![
            Item::switch("Start at login", state.starts_at_login, Action::StartAtLogin(!state.starts_at_login)),
            Item::switch("Connect when this program starts", at_start, Action::ConnectAtStart(!at_start)),
            Item::switch("Stay connected and hosting after quit", keeps, Action::KeepAfterQuit(!keeps)),
            Item::switch("Open coder:// links here", coder, Action::CoderLinks(!coder)),
            Item::of("Edit the settings file", file),
        ],
    )
}

fn help(around: &Surroundings) -> Item {
    let tool = |words: &[&str]| Action::Open(Target::Tool(words.iter().map(|word| (*word).to_owned()).collect()));
    Item::more(
        "Help",
        vec![
            Item::of("Diagnose the connection", tool(&["diagnose"])),
            Item::of("Check the network", tool(&["netcheck"])),
            Item::of("Teach SSH the names (config-ssh)", tool(&["config-ssh"])),
            Item::of("Show the log of this computer's server", Action::Open(Target::File(around.server_log.clone()))),
            Item::of("Make a support bundle", Action::MakeBundle),
            Item::of("Ask all deployments again", Action::LookAgain),
            Item::line(concat!("Homeport ", env!("CARGO_PKG_VERSION"))),
        ],
    )
}

/// Asks the first time; then it is one line, and a setting.
fn quit(state: &State) -> Item {
    match state.settings.keep_after_quit {
        Some(true) => Item::of("Quit (connection and hosting go on)", Action::Quit(None)),
        Some(false) => Item::of("Quit (disconnects, stops hosting)", Action::Quit(None)),
        None => Item::more(
            "Quit…",
            vec![
                Item::of("Quit, stay connected and hosting", Action::Quit(Some(true))),
                Item::of("Quit, disconnect and stop hosting", Action::Quit(Some(false))),
            ],
        ),
    }
}

#[cfg(test)]
mod tests;
