//! The real outside: deployments, tunnel, server of this computer, bus, clipboard, programs. Each effect is handed to
//! whoever does it; nothing is decided here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use client::ClientError;
use client::error::with_causes;
use proto::id::WorkspaceId;
use proto::rest::build::{BuildReason, CreateBuild};
use time::{OffsetDateTime, UtcOffset};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::bus::Bus;
use crate::clipboard::Clipboard;
use crate::compact::Compact;
use crate::controller::Port;
use crate::effect::Effect;
use crate::event::Event;
use crate::feed::Feed;
use crate::keeper::Keeper;
use crate::menu::{Surroundings, View};
use crate::paths::Paths;
use crate::place::Place;
use crate::ports::Ports;
use crate::renewal::Renewal;
use crate::sessions::Sessions;
use crate::settings::Tone;
use crate::sign_in::SignIns;
use crate::{autostart, bundle, host, install, launch, settings_file, sleep, tunnel};

/// How long quitting waits for the tunnel and the server to be told, and for the server to end.
const LAST_WORDS: Duration = Duration::from_secs(65);

/// The outside.
pub struct Desktop {
    paths: Paths,
    program: PathBuf,
    events: mpsc::Sender<Event>,
    sessions: Sessions,
    sign_ins: SignIns,
    feeds: BTreeMap<Place, Feed>,
    renewals: BTreeMap<Place, Renewal>,
    tunnel: (mpsc::Sender<tunnel::Order>, JoinHandle<()>),
    host: (mpsc::Sender<host::Order>, JoinHandle<()>),
    keeper: Keeper,
    ports: Ports,
    /// Whether the lid is looked at.
    lid: watch::Sender<bool>,
    bus: Bus,
    compact: Compact,
    clipboard: Clipboard,
    tone: Tone,
}

impl Desktop {
    pub fn start(paths: Paths, program: PathBuf, tone: Tone, events: mpsc::Sender<Event>) -> Self {
        let sessions = Sessions::default();
        sessions.follow(paths.clone(), events.clone());
        let sockets = tunnel::Sockets::of(paths.userspace_socket());
        Self {
            tunnel: tunnel::follow(sockets, sessions.clone(), events.clone()),
            host: host::follow(paths.clone(), sessions.clone(), events.clone()),
            lid: sleep::listen(events.clone()),
            ports: Ports::start(sessions.clone(), events.clone()),
            keeper: Keeper::start(paths.reachable.clone(), events.clone()),
            bus: Bus::start(events.clone()),
            compact: Compact::start(paths.runtime.clone(), events.clone()),
            sign_ins: SignIns::new(paths.sessions(), sessions.clone(), events.clone()),
            feeds: BTreeMap::new(),
            renewals: BTreeMap::new(),
            clipboard: Clipboard::default(),
            paths,
            program,
            events,
            sessions,
            tone,
        }
    }

    /// Waits until those who were told something have done it.
    pub async fn finish(self) {
        let Self { tunnel, host, bus, compact, feeds, .. } = self;
        drop((bus, feeds));
        compact.finish().await;
        let (orders, follower) = tunnel;
        drop(orders);
        let _ = tokio::time::timeout(LAST_WORDS, follower).await;
        let (orders, follower) = host;
        drop(orders);
        let _ = tokio::time::timeout(LAST_WORDS, follower).await;
    }

    fn watch(&mut self, place: Place) {
        let Some((deployment, is_local)) = self.sessions.at(&place) else { return };
        if self.feeds.get(&place).is_some_and(|feed| feed.is_of(&deployment)) {
            return;
        }
        // Our own server looks after the session that it leaves here.
        if !is_local {
            let (store, sessions, events) = (self.paths.sessions(), self.sessions.clone(), self.events.clone());
            let renewal = Renewal::start(place.clone(), deployment.clone(), store, sessions, events);
            self.renewals.insert(place.clone(), renewal);
        }
        let feed = Feed::start(place.clone(), deployment, self.events.clone());
        self.feeds.insert(place, feed);
    }

    /// Asks something of a deployment; what goes wrong comes back, and the list is read again.
    fn ask<F>(&self, at: Place, workspace: WorkspaceId, call: impl FnOnce(client::Deployment) -> F)
    where
        F: Future<Output = Result<(), ClientError>> + Send + 'static,
    {
        let Some((deployment, _)) = self.sessions.at(&at) else { return };
        let (call, events) = (call(deployment), self.events.clone());
        let bell = self.feeds.get(&at).map(Feed::bell);
        tokio::spawn(async move {
            if let Err(error) = call.await {
                let _ = events.send(Event::ChangeFailed { at, workspace, why: with_causes(&error) }).await;
            }
            if let Some(bell) = bell {
                bell.notify_one();
            }
        });
    }

    fn trouble(&self, done: Result<(), String>) {
        if let Err(text) = done {
            let _ = self.events.try_send(Event::Trouble(text));
        }
    }

    fn tell_tunnel(&self, order: tunnel::Order) {
        // A full queue means that the tunnel does not take orders; the menu shows why.
        let _ = self.tunnel.0.try_send(order);
    }
}

impl Port for Desktop {
    fn show(&mut self, view: Arc<View>) {
        self.bus.show(Arc::clone(&view), self.tone);
        self.compact.show(view);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Watch(place) => self.watch(place),
            Effect::Forget(place) => drop((self.feeds.remove(&place), self.renewals.remove(&place))),
            Effect::LookAgain => {
                self.sessions.bell.notify_one();
                self.feeds.values().for_each(Feed::look);
            }
            Effect::SignIn(place) => self.sign_ins.start(place),
            Effect::SignInWithCopied(place) => self.sign_ins.start_with_copied(place),
            Effect::StopSigningIn(place) => self.sign_ins.stop(&place),
            Effect::KeepSession(place) => self.sign_ins.keep(place),
            Effect::SignOut(place) => self.sign_ins.sign_out(place),
            Effect::ReadSessions => {
                client::sessions::keyring::ask_again();
                self.sessions.read_again();
            }
            Effect::Build { at, workspace, transition, version } => {
                let reason = Some(BuildReason::Dashboard);
                let wanted = CreateBuild { transition, template_version_id: version, reason, ..CreateBuild::default() };
                self.ask(at, workspace, |deployment| async move {
                    deployment.create_build(workspace, &wanted).await.map(|_| ())
                });
            }
            Effect::Extend { at, workspace, deadline } => self.ask(at, workspace, |deployment| async move {
                deployment.extend_workspace(workspace, deadline.into()).await
            }),
            Effect::SetFavourite { at, workspace, is } => {
                self.ask(at, workspace, |deployment| async move { deployment.set_favorite(workspace, is).await });
            }
            Effect::Copy(text) => {
                let done = self.clipboard.copy(&text);
                self.trouble(done);
            }
            Effect::Launch(what) => launch::start(what, self.events.clone()),
            Effect::Connect(places) => self.tell_tunnel(tunnel::Order::Connect(places)),
            Effect::Disconnect => self.tell_tunnel(tunnel::Order::Disconnect),
            Effect::WakeTunnel => self.tell_tunnel(tunnel::Order::Wake),
            Effect::StartHost { after } => drop(self.host.0.try_send(host::Order::Start { after })),
            Effect::StopHost => drop(self.host.0.try_send(host::Order::Stop)),
            Effect::Reach(program, order) => self.keeper.order(program, order),
            Effect::FollowPorts(daemons) => self.ports.follow(daemons),
            Effect::WatchLid(is_on) => {
                self.lid.send_replace(is_on);
            }
            Effect::SetCoderLinks(is_on) => {
                self.trouble(install::set_coder_links(&self.paths.places(), is_on, &self.program));
            }
            Effect::MakeBundle(program) => bundle::make(program, self.paths.downloads(), self.events.clone()),
            Effect::Save(settings) => {
                self.tone = settings.icon;
                self.trouble(settings_file::save(&self.paths.settings(), &settings));
            }
            Effect::SetStartAtLogin(is_on) => {
                self.trouble(autostart::set(&self.paths.autostart(), is_on, &self.program));
            }
            Effect::Notify(note) => {
                tracing::info!(title = note.title, "told");
                self.bus.notify(note);
            }
            Effect::Say(text) => crate::run::say(&text),
            Effect::Exit => {}
        }
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn surroundings(&self) -> Surroundings {
        let seconds = chrono::Local::now().offset().local_minus_utc();
        Surroundings {
            offset: UtcOffset::from_whole_seconds(seconds).ok(),
            settings_file: self.paths.settings(),
            server_log: self.paths.server_log(),
        }
    }
}
