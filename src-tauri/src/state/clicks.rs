//! What a person's wish leads to. Pure.

use proto::id::WorkspaceId;
use proto::rest::build::{Transition, WorkspaceStatus};
use time::{Duration, OffsetDateTime};

use crate::action::{Action, Change};
use crate::effect::Effect;
use crate::event::TunnelNews;
use crate::open::{Target, plan};
use crate::place::Place;
use crate::state::{State, Then};

impl State {
    pub(super) fn clicked(&mut self, action: Action, now: OffsetDateTime) -> Vec<Effect> {
        match action {
            // An argument of the program, before the sessions were read.
            Action::Connect(true) if !self.has_accounts => {
                self.connects_then = true;
                Vec::new()
            }
            Action::Connect(true) if self.accounts.is_empty() => {
                self.trouble("Nothing to connect to: sign in, or host here".into(), now);
                Vec::new()
            }
            Action::Connect(true) => self.connect(),
            Action::Connect(false) => self.disconnect(),
            Action::Workspace(place, workspace, change) => self.change(place, workspace, change, now),
            Action::Copy(text) => vec![Effect::Copy(text)],
            Action::Open(target) => self.open(target, now),
            Action::SignIn(place) => self.sign_in(place),
            Action::AskWhere => self.ask_where(now),
            Action::AskNoMore => {
                self.asks_where = false;
                Vec::new()
            }
            Action::SignInAt(text) => self.sign_in_at(&text, now),
            Action::UseCopied(place) => vec![Effect::SignInWithCopied(place)],
            Action::StopSigningIn(place) => self.stop_signing_in(place),
            Action::KeepSession(place) => vec![Effect::KeepSession(place)],
            Action::SignOut(place) => vec![Effect::SignOut(place)],
            Action::ReadSessions => vec![Effect::ReadSessions],
            Action::Host(is_on) => {
                self.settings.hosting = is_on;
                let step = self.hosting.want(is_on);
                let mut effects = vec![Effect::Save(self.settings.clone())];
                effects.extend(step.map(|step| self.step(step)).unwrap_or_default());
                effects
            }
            Action::StartAtLogin(is_on) => {
                self.starts_at_login = is_on;
                vec![Effect::SetStartAtLogin(is_on)]
            }
            Action::ConnectAtStart(is_on) => {
                self.settings.connect_at_start = is_on;
                vec![Effect::Save(self.settings.clone())]
            }
            Action::KeepAfterQuit(is_on) => {
                self.settings.keep_after_quit = Some(is_on);
                vec![Effect::Save(self.settings.clone())]
            }
            Action::Answer(number, is_yes) => self.answered(number, is_yes, now),
            Action::Quit(word) => self.quit(word),
            Action::Reach(wish) => self.wished(wish, now),
            Action::LidRule(workspace, minutes) => self.set_lid_rule(workspace, minutes),
            Action::CoderLinks(is_on) => {
                self.settings.coder_links = is_on;
                vec![Effect::Save(self.settings.clone()), Effect::SetCoderLinks(is_on)]
            }
            Action::Dashboard => self.open_dashboard(now),
            Action::MakeBundle => self.make_bundle(now),
            Action::LookAgain => vec![Effect::LookAgain],
        }
    }

    /// The first deployment's list of workspaces; later, when it is not known yet.
    fn open_dashboard(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        if !self.has_accounts {
            self.opens_then = true;
            return Vec::new();
        }
        let place = self.accounts.first().map(|account| account.place.clone());
        match place.and_then(|place| Some((place.page(&["workspaces"])?, place))) {
            Some((page, place)) => self.open(Target::Page { place, page }, now),
            None => {
                self.trouble("Nothing to open: sign in, or host here".into(), now);
                Vec::new()
            }
        }
    }

    /// What was asked for before the sessions were read.
    pub(super) fn opened_then(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        let is_time = self.has_accounts && std::mem::take(&mut self.opens_then);
        if is_time { self.open_dashboard(now) } else { Vec::new() }
    }

    pub(super) fn open(&mut self, target: Target, now: OffsetDateTime) -> Vec<Effect> {
        match plan(target, &self.programs) {
            Ok(launch) => vec![Effect::Launch(launch)],
            Err(error) => {
                self.trouble(format!("That cannot be opened: {error}"), now);
                Vec::new()
            }
        }
    }

    fn change(&mut self, at: Place, workspace: WorkspaceId, change: Change, now: OffsetDateTime) -> Vec<Effect> {
        let Some(row) = self.row(&at, workspace) else {
            self.trouble("That workspace is gone".into(), now);
            return Vec::new();
        };
        let build = |transition, version| Effect::Build { at: at.clone(), workspace, transition, version };
        let newest = Some(row.newest);
        let is_running = row.status == WorkspaceStatus::Running;
        match change {
            Change::Start => vec![build(Transition::Start, None)],
            Change::Stop => vec![build(Transition::Stop, None)],
            Change::Update if !is_running => vec![build(Transition::Start, newest)],
            Change::Restart | Change::Update => {
                let version = newest.filter(|_| change == Change::Update);
                let effect = build(Transition::Stop, None);
                self.then.insert(workspace, Then { behind: row.build, version });
                vec![effect]
            }
            Change::Extend => {
                let Some(deadline) = row.deadline else { return Vec::new() };
                vec![Effect::Extend { at, workspace, deadline: deadline.max(now) + Duration::hours(1) }]
            }
            Change::Favourite(is) => vec![Effect::SetFavourite { at, workspace, is }],
        }
    }

    /// A word given is kept for the next time.
    fn quit(&mut self, word: Option<bool>) -> Vec<Effect> {
        let keeps = word.or(self.settings.keep_after_quit).unwrap_or(true);
        let mut effects = Vec::new();
        if word.is_some() && word != self.settings.keep_after_quit {
            self.settings.keep_after_quit = word;
            effects.push(Effect::Save(self.settings.clone()));
        }
        if !keeps {
            let is_on = self.tunnel.picture.is_some();
            effects.extend(is_on.then_some(Effect::Disconnect));
            // The setting stays: it is about the next start as well.
            effects.extend(self.hosting.want(false).map(|_| Effect::StopHost));
        }
        effects.push(Effect::Exit);
        effects
    }
}

impl From<TunnelNews> for crate::event::Event {
    fn from(news: TunnelNews) -> Self {
        Self::Tunnel(news)
    }
}
