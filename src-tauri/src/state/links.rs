//! Links: who may open what, the question to the person, and waiting for the tunnel. Pure.
//!
//! Nothing happens by a link alone: it names a deployment that we are signed in at and a workspace that is there, and a
//! person says yes to a sentence that names host and user.

use proto::id::WorkspaceId;
use time::{Duration, OffsetDateTime};

use crate::action::Action;
use crate::effect::{Effect, Note};
use crate::label::label;
use crate::link::{self, Link};
use crate::open::Target;
use crate::place::Place;
use crate::state::State;

/// How long a link waits for the tunnel after a yes.
const PATIENCE: Duration = Duration::seconds(30);
/// Questions at a time: a page that opens links without end gets no more.
const MAX_ASKED: usize = 4;

/// A link that waits for a yes.
#[derive(Debug, Clone)]
pub struct Asked {
    pub number: u32,
    pub question: String,
    at: Place,
    workspace: WorkspaceId,
    link: Link,
}

/// A link that was allowed and waits for the tunnel.
#[derive(Debug)]
pub(super) struct Waiting {
    pub until: OffsetDateTime,
    asked: Asked,
}

impl State {
    pub(super) fn link(&mut self, text: &str, now: OffsetDateTime) -> Vec<Effect> {
        match self.understood(text) {
            Ok(asked) => {
                let title = "A link wants to open a remote desktop".into();
                let answer = |is_yes| Action::Answer(asked.number, is_yes);
                let buttons = vec![("Open".into(), answer(true)), ("Refuse".into(), answer(false))];
                let body = asked.question.clone();
                self.asked.push(asked);
                if self.asked.len() > MAX_ASKED {
                    self.asked.remove(0);
                }
                vec![Effect::Notify(Note { title, body, buttons, is_urgent: true })]
            }
            Err(why) => {
                self.trouble(format!("A link was refused: {why}"), now);
                let title = "A link was refused".into();
                vec![Effect::Notify(Note { title, body: why, buttons: Vec::new(), is_urgent: false })]
            }
        }
    }

    fn understood(&mut self, text: &str) -> Result<Asked, String> {
        let link = link::parse(text, self.settings.coder_links).map_err(|error| error.to_string())?;
        let is_there = |place: &&Place| {
            let with_port =
                place.url().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
            place.host() == link.host || with_port.is_some_and(|host| host.eq_ignore_ascii_case(&link.host))
        };
        let Some(at) = self.accounts.iter().map(|account| &account.place).find(is_there).cloned() else {
            let here: Vec<_> = self.accounts.iter().map(|account| account.place.host()).collect();
            let here = if here.is_empty() { "nowhere".to_owned() } else { format!("at {}", here.join(", ")) };
            return Err(label(&format!("you are signed in {here}, not at {}", link.host)));
        };
        let listing = self.deployments.get(&at).and_then(|deployment| deployment.listing.as_ref());
        let listing = listing.ok_or_else(|| format!("{} has not answered yet", at.host()))?;
        let row = listing.rows.iter().find(|row| row.name.eq_ignore_ascii_case(&link.workspace));
        let row = row.ok_or_else(|| format!("there is no workspace {} at {}", link.workspace, at.host()))?;
        if !row.daemons.is_empty() && !row.daemons.iter().any(|daemon| daemon.name == link.daemon) {
            return Err(format!("{} has no workspace daemon {}", row.name, link.daemon));
        }
        self.last_asked += 1;
        let user = link.user.as_deref().map(|user| format!(" as {}", label(user))).unwrap_or_default();
        let secret = if link.password.is_some() { ", with the password of the link" } else { "" };
        let question = format!("Open the desktop of {} at {}{user}{secret}?", row.name, at.host());
        Ok(Asked { number: self.last_asked, question, workspace: row.id, at, link })
    }

    pub(super) fn answered(&mut self, number: u32, is_yes: bool, now: OffsetDateTime) -> Vec<Effect> {
        let Some(index) = self.asked.iter().position(|asked| asked.number == number) else { return Vec::new() };
        let asked = self.asked.remove(index);
        if !is_yes {
            return Vec::new();
        }
        self.waiting = Some(Waiting { until: now + PATIENCE, asked });
        // The tunnel is needed; who says yes to the desktop says yes to it.
        if self.has_tunnel() && !self.is_connected() { self.connect() } else { Vec::new() }
    }

    /// Opens what waits as soon as its name is there, or says that it did not come.
    pub(super) fn waited(&mut self, now: OffsetDateTime) -> Vec<Effect> {
        let Some(Waiting { until, asked }) = self.waiting.take() else { return Vec::new() };
        let row = self.row(&asked.at, asked.workspace);
        let daemon = row.and_then(|row| row.daemons.iter().find(|daemon| daemon.name == asked.link.daemon));
        if let (Some(row), Some(daemon)) = (row, daemon)
            && self.has_name(&asked.at, daemon)
        {
            let host = self.hostname(&asked.at, row, Some(daemon));
            let Link { user, password, .. } = asked.link;
            return self.open(Target::Desktop { host, user, password }, now);
        }
        if now >= until {
            let name = asked.link.workspace;
            self.trouble(
                format!("The desktop of {name} was not opened: it needs the connection and a running workspace"),
                now,
            );
            return Vec::new();
        }
        self.waiting = Some(Waiting { until, asked });
        Vec::new()
    }
}
