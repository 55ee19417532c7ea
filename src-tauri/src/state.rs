//! What this program knows and how it decides: an event in, effects out. Pure: the time is an argument.
//!
//! ```text
//!   Event ──► State::on(event, now) ──► Effects        controller.rs runs it, menu.rs draws it
//! ```
//!
//! What a click means is in `state/clicks.rs`, lists and builds in `state/lists.rs`, links in `state/links.rs`,
//! the panel in `state/panel.rs`, ports in `state/ports.rs`, stops by the clock in `state/deadlines.rs`, the support bundle in `state/care.rs`, being
//! reachable elsewhere in `state/reach.rs`, signing in in `state/sign_in.rs`, the tunnel in `state/tunnel.rs`, windows that
//! fail in `state/windows.rs`.

mod care;
mod clicks;
mod deadlines;
mod lids;
mod links;
mod lists;
mod names;
mod panel;
mod ports;
mod reach;
mod sign_in;
mod tunnel;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use proto::id::{BuildId, TemplateVersionId, WorkspaceId};
use time::{Duration, OffsetDateTime};

use crate::effect::{Effect, Note};
use crate::event::{Account, Event, Fault, Listing, TrayNews, Unread};
use crate::hosting::{HostNews, Hosting, Step};
use crate::lid::Lid;
use crate::open::Programs;
use crate::place::Place;
use crate::reachable::Reachable;
use crate::settings::Settings;

pub use links::Asked;
pub use sign_in::SigningIn;
pub use tunnel::Tunnel;

/// How long a sentence about something that did not work stays in the menu.
const TROUBLE_STAYS: Duration = Duration::minutes(2);
/// Sentences that are kept at a time.
const MAX_TROUBLES: usize = 4;

/// All that is known.
#[derive(Debug, Default)]
pub struct State {
    pub settings: Settings,
    pub starts_at_login: bool,
    pub programs: Programs,
    pub tray: Option<TrayNews>,
    /// In the order in which they are shown: this computer first.
    pub accounts: Vec<Account>,
    pub accounts_unread: Vec<Unread>,
    pub deployments: BTreeMap<Place, Deployment>,
    pub tunnel: Tunnel,
    pub hosting: Hosting,
    /// Links that wait for a yes.
    pub asked: Vec<Asked>,
    pub troubles: Vec<(OffsetDateTime, String)>,
    last_asked: u32,
    /// Whether a person is asked at which deployment to sign in.
    pub asks_where: bool,
    /// Sign-ins that are not over.
    signing_in: BTreeMap<Place, SigningIn>,
    /// What follows the present build of a workspace.
    then: BTreeMap<WorkspaceId, Then>,
    /// A remote desktop that waits for the tunnel.
    waiting: Option<links::Waiting>,
    /// When workspaces stop by themselves, as far as it was told.
    told_stops: BTreeMap<WorkspaceId, OffsetDateTime>,
    /// This computer as a workspace elsewhere.
    pub reachable: Reachable,
    ports: ports::Ports,
    lid: Lid,
    has_told_no_tray: bool,
    /// Started at login: nothing opens by itself.
    is_quiet: bool,
    /// Why a window failed, as it was told last.
    told_window: Option<String>,
    is_bundling: bool,
    /// Whether the sessions were read, and what waits for them.
    has_accounts: bool,
    connects_then: bool,
    opens_then: bool,
}

/// One deployment.
#[derive(Debug, Default)]
pub struct Deployment {
    /// Its last list, also while it does not answer.
    pub listing: Option<Listing>,
    pub fault: Option<Fault>,
    /// When the session ends, once that was told.
    ends: Option<OffsetDateTime>,
    /// Failed builds that were told, or that were there before us.
    told: BTreeSet<BuildId>,
}

/// What follows a build.
#[derive(Debug, Clone, Copy)]
struct Then {
    /// Not before this build is over.
    behind: BuildId,
    version: Option<TemplateVersionId>,
}

impl State {
    /// Takes an event.
    pub fn on(&mut self, event: Event, now: OffsetDateTime) -> Vec<Effect> {
        self.troubles.retain(|(until, _)| *until > now);
        let mut effects = match event {
            Event::Settled(settings, starts_at_login) => self.settled(settings, starts_at_login),
            Event::Found(programs) => {
                self.programs = programs;
                Vec::new()
            }
            Event::Accounts(accounts) => self.accounts(accounts),
            Event::AccountsUnread(unread) => {
                self.accounts_unread = unread;
                Vec::new()
            }
            Event::SessionEnds(place, ends) => self.session_ends(place, ends, now),
            // The tunnel is told the new key before the old one goes.
            Event::Renewed(_) if self.is_connected() => self.connect(),
            Event::Renewed(_) => Vec::new(),
            Event::SignIn(place, news) => self.sign_in_news(place, news, now),
            Event::Listed(place, listing) => self.listed(&place, listing),
            Event::Unlisted(place, fault) => self.unlisted(&place, fault),
            Event::Tunnel(news) => self.tunnel(news),
            Event::Listening(daemon, listeners) => {
                self.listening(daemon, listeners);
                Vec::new()
            }
            Event::Host(news) => self.host(news, now),
            Event::Tray(news) => self.tray(news),
            Event::Asked(action) => self.clicked(action, now),
            Event::Link(text) => self.link(&text, now),
            Event::Quiet => {
                self.is_quiet = true;
                Vec::new()
            }
            Event::StartedAgain => self.started_again(),
            Event::ChangeFailed { at, workspace, why } => self.change_failed(&at, workspace, &why, now),
            Event::Reachable(news) => self.reachable_news(news, now),
            Event::ReachableDone(order, done) => self.reachable_done(&order, done, now),
            Event::Bundled(made) => self.bundled(made, now),
            Event::WindowFailed { why, browser_instead } => self.window_failed(why, browser_instead, now),
            Event::Trouble(text) => {
                self.trouble(text, now);
                Vec::new()
            }
            Event::Lid(news) => self.lid_news(news, now),
            Event::Woke => vec![Effect::WakeTunnel, Effect::LookAgain],
            Event::Time => Vec::new(),
            Event::Terminated => self.clicked(crate::action::Action::Quit(None), now),
        };
        effects.extend(self.waited(now));
        effects.extend(self.tell_stops(now));
        effects.extend(self.keep_reachable(now));
        effects.extend(self.keep_lid(now));
        effects.extend(self.opened_then(now));
        effects
    }

    /// When `Event::Time` is wanted: something shown is over then.
    pub fn next_time(&self) -> Option<OffsetDateTime> {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.until);
        self.troubles
            .iter()
            .map(|(until, _)| *until)
            .chain(waiting)
            .chain(self.next_told_stop())
            .chain(self.reachable.again)
            .chain(self.next_lid())
            .min()
    }

    fn settled(&mut self, settings: Settings, starts_at_login: bool) -> Vec<Effect> {
        let is_hosting = settings.hosting;
        let mut effects: Vec<Effect> =
            (!settings.lid.is_empty()).then_some(Effect::WatchLid(true)).into_iter().collect();
        self.settings = settings;
        self.starts_at_login = starts_at_login;
        if is_hosting {
            effects.extend(self.hosting.want(true).map(|step| self.step(step)).unwrap_or_default());
        }
        effects
    }

    fn accounts(&mut self, accounts: Vec<Account>) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.deployments.retain(|place, _| {
            let stays = accounts.iter().any(|account| account.place == *place);
            effects.extend((!stays).then(|| Effect::Forget(place.clone())));
            stays
        });
        for Account { place, .. } in &accounts {
            self.deployments.entry(place.clone()).or_default();
            // Again for those that are watched already: the token may be a new one.
            effects.push(Effect::Watch(place.clone()));
        }
        let has_new = accounts.iter().any(|account| !self.accounts.contains(account));
        let are_the_first = self.accounts.is_empty() && !accounts.is_empty();
        let begins = are_the_first && (self.settings.connect_at_start || self.connects_then);
        self.has_accounts = true;
        self.connects_then &= accounts.is_empty();
        self.accounts = accounts;
        self.accounts.sort_by_key(|account| !account.is_local);
        let wants_all = self.is_connected() || begins;
        if has_new && wants_all {
            effects.extend(self.connect());
        }
        effects.extend(self.keep_ports());
        effects
    }

    fn host(&mut self, news: HostNews, now: OffsetDateTime) -> Vec<Effect> {
        self.hosting.heard(news, now).map(|step| self.step(step)).unwrap_or_default()
    }

    fn step(&mut self, step: Step) -> Vec<Effect> {
        match step {
            Step::Start { after } => vec![Effect::StartHost { after }],
            Step::Stop => vec![Effect::StopHost],
            Step::Complain => {
                let body = self.hosting.troubles().join(": ");
                let title = "This computer does not host workspaces".into();
                let again = ("Try again".into(), crate::action::Action::Host(true));
                vec![Effect::Notify(Note { title, body, buttons: vec![again], is_urgent: true })]
            }
        }
    }

    fn trouble(&mut self, text: String, now: OffsetDateTime) {
        self.troubles.retain(|(_, known)| *known != text);
        self.troubles.push((now + TROUBLE_STAYS, text));
        if self.troubles.len() > MAX_TROUBLES {
            self.troubles.remove(0);
        }
    }
}

#[cfg(test)]
pub mod tests;
