//! Events in, effects out; no time passes but the one given.

use client::tunnel::Picture;
use proto::ipc::{Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus};
use proto::rest::build::{Transition, WorkspaceStatus};
use url::Url;

use super::*;
use crate::action::{Action, Change};
use crate::event::TunnelNews;
use crate::hosting::Phase;
use crate::open::{RemoteDesktop, Target};
use crate::row::Row;
use crate::row::tests::{failed, running, starting, stopped};

pub const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

pub fn place(host: &str) -> Place {
    Place::of(&Url::parse(&format!("http://{host}/")).unwrap())
}

pub fn account(host: &str, is_local: bool) -> Account {
    Account { place: place(host), is_local }
}

pub fn listing(rows: Vec<Row>) -> Listing {
    Listing { user: "ann".into(), suffix: "coder".into(), rows }
}

/// A tunnel with these deployments, all connected, and these daemons in each.
pub fn tunnel_of(hosts: &[&str], rows: &[Row]) -> Event {
    let mut picture = Picture::default();
    for host in hosts {
        let url = place(host).as_str().to_owned();
        let of = picture.deployments.entry(url.clone()).or_default();
        let (suffix, state) = (Some("coder".into()), DeploymentState::Connected);
        of.status = Some(DeploymentStatus { url, suffix, state, health: Vec::new(), names: 1 });
        let daemons = rows.iter().flat_map(|row| row.daemons.iter().map(move |daemon| (row, daemon)));
        of.daemons = daemons
            .map(|(row, daemon)| DaemonStatus {
                id: daemon.id,
                workspace: row.id,
                workspace_name: row.name.clone(),
                name: daemon.name.clone(),
                hostnames: vec![format!("{}.coder", row.name)],
                address: std::net::Ipv6Addr::LOCALHOST,
                path: DaemonPath::Relay { region: 1, relay_ms: None },
                latency_ms: Some(40.2),
                handshake_age: None,
                counters: Counters::default(),
            })
            .collect();
    }
    Event::Tunnel(TunnelNews::Is { picture, is_userspace: false })
}

/// Signed in at `dev`, with these rows.
pub fn with(rows: Vec<Row>) -> State {
    let mut state = State::default();
    state.on(Event::Settled(Settings::default(), false), NOW);
    state.on(Event::Accounts(vec![account("dev", false)]), NOW);
    state.on(Event::Listed(place("dev"), listing(rows)), NOW);
    state
}

fn clicked(state: &mut State, change: Change) -> Vec<Effect> {
    let row = state.deployments[&place("dev")].listing.as_ref().unwrap().rows[0].id;
    state.on(Event::Asked(Action::Workspace(place("dev"), row, change)), NOW)
}

#[track_caller]
pub fn check(effects: &[Effect], expect: &[&str]) {
    let words: Vec<String> = effects
        .iter()
        // Follows each change of the tunnel; `ports/tests.rs` looks at it.
        .filter(|effect| !matches!(effect, Effect::FollowPorts(_)))
        .map(|effect| match effect {
            Effect::Build { transition, version, .. } => {
                format!("build {transition}{}", if version.is_some() { " newest" } else { "" })
            }
            Effect::Notify(note) => format!("notify {}", note.title),
            Effect::Watch(place) => format!("watch {}", place.host()),
            Effect::Forget(place) => format!("forget {}", place.host()),
            Effect::Connect(places) => format!("connect {}", places.len()),
            Effect::StartHost { after } => format!("host after {} ms", after.as_millis()),
            Effect::Launch(launch) => format!("launch {}", launch.program.display()),
            Effect::Save(_) => "save".into(),
            Effect::SignIn(place) => format!("sign in {}", place.host()),
            Effect::SignInWithCopied(place) => format!("sign in with copied {}", place.host()),
            Effect::StopSigningIn(place) => format!("stop signing in {}", place.host()),
            Effect::KeepSession(place) => format!("keep session {}", place.host()),
            Effect::SignOut(place) => format!("sign out {}", place.host()),
            Effect::ReadSessions => "read sessions".into(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(words, expect);
}

#[test]
fn a_restart_is_a_stop_and_then_a_start() {
    let mut state = with(vec![running("box")]);
    check(&clicked(&mut state, Change::Restart), &["build stop"]);
    // The same list again, the build that stops, then its end.
    check(&state.on(Event::Listed(place("dev"), listing(vec![running("box")])), NOW), &[]);
    let stopping = Row { status: WorkspaceStatus::Stopping, ..starting("box") };
    check(&state.on(Event::Listed(place("dev"), listing(vec![stopping])), NOW), &[]);
    let done = Row { build: starting("box").build, ..stopped("box") };
    let list = Event::Listed(place("dev"), listing(vec![done]));
    check(&state.on(list.clone(), NOW), &["build start"]);
    check(&state.on(list, NOW), &[]);
}

#[test]
fn an_update_starts_with_the_newest_version_and_a_failed_stop_ends_it() {
    let mut state = with(vec![running("box")]);
    check(&clicked(&mut state, Change::Update), &["build stop"]);
    let done = Row { build: starting("box").build, ..stopped("box") };
    check(&state.on(Event::Listed(place("dev"), listing(vec![done])), NOW), &["build start newest"]);

    let mut state = with(vec![stopped("box")]);
    check(&clicked(&mut state, Change::Update), &["build start newest"]);

    let mut state = with(vec![running("box")]);
    clicked(&mut state, Change::Restart);
    let broken = Row { transition: Transition::Stop, ..failed("box", "stuck") };
    check(&state.on(Event::Listed(place("dev"), listing(vec![broken])), NOW), &["notify Stopping box failed"]);
    check(&state.on(Event::Listed(place("dev"), listing(vec![stopped("box")])), NOW), &[]);
}

#[test]
fn a_failed_build_is_told_once_and_an_old_one_never() {
    let mut state = with(vec![failed("box", "old")]);
    let again = Event::Listed(place("dev"), listing(vec![failed("box", "old")]));
    check(&state.on(again, NOW), &[]);

    let mut state = with(vec![starting("box")]);
    let list = Event::Listed(place("dev"), listing(vec![failed("box", "no disk")]));
    let effects = state.on(list.clone(), NOW);
    check(&effects, &["notify Starting box failed"]);
    let Effect::Notify(note) = &effects[0] else { panic!("no note") };
    assert_eq!(note.body, "no disk");
    assert_eq!(note.buttons.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["Try again", "Show the log"]);
    check(&state.on(list, NOW), &[]);
}

#[test]
fn an_hour_more_counts_from_the_deadline_or_from_now() {
    let deadline = |from: OffsetDateTime| {
        let mut state = with(vec![Row { deadline: Some(from), ..running("box") }]);
        let effects = clicked(&mut state, Change::Extend);
        let [Effect::Extend { deadline, .. }] = effects[..] else { panic!("{effects:?}") };
        deadline
    };
    assert_eq!(deadline(NOW + Duration::minutes(5)), NOW + Duration::minutes(65));
    assert_eq!(deadline(NOW - Duration::minutes(5)), NOW + Duration::hours(1));
}

#[test]
fn a_stop_that_comes_near_is_told_once_with_an_hour_more() {
    let ends = |minutes: i64| Row { deadline: Some(NOW + Duration::minutes(minutes)), ..running("box") };
    let mut state = with(vec![ends(20)]);
    assert_eq!(state.next_time(), Some(NOW + Duration::minutes(5)));
    check(&state.on(Event::Time, NOW + Duration::minutes(4)), &[]);
    let told = state.on(Event::Time, NOW + Duration::minutes(5));
    check(&told, &["notify box stops in 15 minutes"]);
    let [Effect::Notify(note)] = &told[..] else { panic!("{told:?}") };
    let more = Action::Workspace(place("dev"), running("box").id, Change::Extend);
    assert_eq!(note.buttons, [("One hour more".to_owned(), more)]);
    check(&state.on(Event::Time, NOW + Duration::minutes(19)), &[]);
    assert_eq!(state.next_time(), None, "nothing more is to come");
    // It was moved, so the new stop is told in its time.
    let listed = Event::Listed(place("dev"), listing(vec![ends(80)]));
    check(&state.on(listed, NOW + Duration::minutes(19)), &[]);
    check(&state.on(Event::Time, NOW + Duration::seconds(79 * 60 + 30)), &["notify box stops in 1 minute"]);
    // One that is past is no news, and neither is one of a workspace that stopped.
    check(&with(vec![ends(-1)]).on(Event::Time, NOW), &[]);
    let mut state = with(vec![Row { deadline: Some(NOW + Duration::minutes(5)), ..stopped("box") }]);
    check(&state.on(Event::Time, NOW), &[]);
}

#[test]
fn a_session_that_is_over_is_told_once_and_the_list_stays() {
    let mut state = with(vec![running("box")]);
    let over = Event::Unlisted(place("dev"), Fault { is_sign_in: true, text: "over".into() });
    check(&state.on(over.clone(), NOW), &["notify Sign in at dev"]);
    check(&state.on(over, NOW), &[]);
    let away = Event::Unlisted(place("dev"), Fault { is_sign_in: false, text: "away".into() });
    check(&state.on(away, NOW), &[]);
    assert!(state.row(&place("dev"), running("box").id).is_some());
    state.on(Event::Listed(place("dev"), listing(vec![])), NOW);
    assert_eq!(state.deployments[&place("dev")].fault, None);
}

#[test]
fn a_new_session_is_watched_and_reached_and_an_old_one_forgotten() {
    let mut state = with(vec![running("box")]);
    state.on(tunnel_of(&["dev"], &[]), NOW);
    let both = Event::Accounts(vec![account("dev", false), account("here", true)]);
    check(&state.on(both, NOW), &["watch dev", "watch here", "connect 2"]);
    assert!(state.accounts[0].is_local, "this computer comes first");
    check(&state.on(Event::Accounts(vec![account("here", true)]), NOW), &["forget dev", "watch here"]);
    assert!(!state.deployments.contains_key(&place("dev")));
}

#[test]
fn connect_at_start_waits_for_the_first_session() {
    let mut state = State::default();
    let settings = Settings { connect_at_start: true, ..Settings::default() };
    check(&state.on(Event::Settled(settings, false), NOW), &[]);
    check(&state.on(Event::Accounts(vec![]), NOW), &[]);
    check(&state.on(Event::Accounts(vec![account("dev", false)]), NOW), &["watch dev", "connect 1"]);
    // The argument of the program comes before the sessions are read.
    let mut state = State::default();
    check(&state.on(Event::Asked(Action::Connect(true)), NOW), &[]);
    check(&state.on(Event::Accounts(vec![account("dev", false)]), NOW), &["watch dev", "connect 1"]);
    let mut state = State::default();
    state.on(Event::Accounts(vec![]), NOW);
    check(&state.on(Event::Asked(Action::Connect(true)), NOW), &[]);
    assert_eq!(state.troubles[0].1, "Nothing to connect to: sign in, or host here");
}

#[test]
fn the_switch_shows_what_was_asked_until_the_tunnel_shows_it() {
    let mut state = with(vec![running("box")]);
    state.on(tunnel_of(&[], &[]), NOW);
    assert!(!state.is_connected());
    check(&state.on(Event::Asked(Action::Connect(true)), NOW), &["connect 1"]);
    assert!(state.is_connected());
    state.on(tunnel_of(&[], &[]), NOW);
    assert!(state.is_connected(), "not yet");
    state.on(tunnel_of(&["dev"], &[]), NOW);
    assert_eq!((state.is_connected(), state.reached(), state.tunnel.asked), (true, 1, None));
    check(&state.on(Event::Asked(Action::Connect(false)), NOW), &["Disconnect"]);
    assert!(!state.is_connected());
    state.on(Event::Tunnel(TunnelNews::Absent), NOW);
    assert!(!state.has_tunnel() && !state.is_connected());
}

#[test]
fn hosting_is_kept_as_a_setting_and_begins_with_the_program() {
    let mut state = State::default();
    check(&state.on(Event::Asked(Action::Host(true)), NOW), &["save", "host after 0 ms"]);
    assert!(state.settings.hosting);
    let mut state = State::default();
    let settings = Settings { hosting: true, ..Settings::default() };
    check(&state.on(Event::Settled(settings, false), NOW), &["host after 0 ms"]);
    let ready = HostNews::Ready { url: "http://127.0.0.1:7080/".into(), is_found: true };
    check(&state.on(Event::Host(ready), NOW), &[]);
    check(&state.on(Event::Asked(Action::Host(false)), NOW), &["save", "StopHost"]);
    check(&state.on(Event::Host(HostNews::Stopped), NOW), &[]);
    assert_eq!(state.hosting.phase, Phase::Off);
}

#[test]
fn quitting_asks_once_about_the_tunnel_and_hosting_and_keeps_the_answer() {
    let on = || {
        let mut state = with(vec![]);
        state.on(tunnel_of(&["dev"], &[]), NOW);
        state.on(Event::Asked(Action::Host(true)), NOW);
        state
    };
    check(&on().on(Event::Asked(Action::Quit(Some(true))), NOW), &["save", "Exit"]);
    let mut state = on();
    check(&state.on(Event::Asked(Action::Quit(Some(false))), NOW), &["save", "Disconnect", "StopHost", "Exit"]);
    assert_eq!(state.settings.keep_after_quit, Some(false));
    assert!(state.settings.hosting, "the next start hosts again");
    let mut state = on();
    state.settings.keep_after_quit = Some(false);
    check(&state.on(Event::Terminated, NOW), &["Disconnect", "StopHost", "Exit"]);
    check(&on().on(Event::Terminated, NOW), &["Exit"]);
}

#[test]
fn waking_up_tells_the_tunnel_and_looks_again() {
    check(&with(vec![]).on(Event::Woke, NOW), &["WakeTunnel", "LookAgain"]);
}

#[test]
fn trouble_is_shown_for_a_while() {
    let mut state = with(vec![]);
    for number in 0..10 {
        state.on(Event::Trouble(format!("number {number}")), NOW);
    }
    assert_eq!(state.troubles.len(), MAX_TROUBLES);
    assert_eq!(state.next_time(), Some(NOW + TROUBLE_STAYS));
    state.on(Event::Time, NOW + TROUBLE_STAYS);
    assert!(state.troubles.is_empty() && state.next_time().is_none());
}

#[test]
fn what_cannot_be_opened_is_said() {
    let mut state = with(vec![]);
    let open = |address: &str| Event::Asked(Action::Open(Target::Address(address.into())));
    check(&state.on(open("https://dev"), NOW), &[]);
    assert!(state.troubles[0].1.contains("xdg-utils"), "{:?}", state.troubles);
    let opener = Some("/bin/xdg-open".into());
    state.on(Event::Found(Programs { opener, ..Programs::default() }), NOW);
    check(&state.on(open("https://dev"), NOW), &["launch /bin/xdg-open"]);
    check(&state.on(open("file:///etc/passwd"), NOW), &[]);
}

const LINK: &str = "homeport://dev/v0/open/ws/win/agent/main/rdp?username=bob&password=canary";

fn linked() -> State {
    let mut state = with(vec![running("win")]);
    let remote_desktop = Some((RemoteDesktop::FreeRdp, "/bin/xfreerdp3".into()));
    state.on(Event::Found(Programs { remote_desktop, ..Programs::default() }), NOW);
    state
}

#[test]
fn a_link_is_refused_unless_it_names_what_is_ours() {
    #[track_caller]
    fn check_refused(link: &str, expect: &str) {
        let mut state = linked();
        let effects = state.on(Event::Link(link.into()), NOW);
        check(&effects, &["notify A link was refused"]);
        assert!(state.asked.is_empty() && state.troubles[0].1.contains(expect), "{:?}", state.troubles);
        assert!(!format!("{effects:?} {:?}", state.troubles).contains("canary"));
    }
    check_refused(&LINK.replace("//dev", "//evil.example.com"), "signed in at dev, not at evil.example.com");
    check_refused(&LINK.replace("//dev", "//dev:81"), "not at dev:81");
    check_refused(&LINK.replace("/win/", "/other/"), "no workspace other at dev");
    check_refused(&LINK.replace("/main/", "/other/"), "no workspace daemon other");
    check_refused(&LINK.replace("homeport:", "coder:"), "only where Settings says so");
    check_refused(&LINK.replace("homeport:", "file:"), "not a homeport:// link");
    let mut state = State::default();
    state.on(Event::Link(LINK.into()), NOW);
    assert!(state.troubles[0].1.contains("signed in nowhere"), "{:?}", state.troubles);
}

#[test]
fn a_link_asks_and_opens_after_a_yes_once_the_name_is_there() {
    let mut state = linked();
    state.on(tunnel_of(&[], &[]), NOW);
    for spelling in [LINK.to_owned(), LINK.replace("//dev", "//DEV:80"), LINK.replace("/win/", "/WIN/")] {
        let effects = state.on(Event::Link(spelling), NOW);
        check(&effects, &["notify A link wants to open a remote desktop"]);
    }
    assert_eq!(state.asked.len(), 3);
    let question = "Open the desktop of win at dev as bob, with the password of the link?";
    assert_eq!(state.asked[0].question, question);
    check(&state.on(Event::Asked(Action::Answer(1, false)), NOW), &[]);
    check(&state.on(Event::Asked(Action::Answer(1, true)), NOW), &[]);
    // The tunnel is off: the yes switches it on, and the name is waited for.
    check(&state.on(Event::Asked(Action::Answer(2, true)), NOW), &["connect 1"]);
    let effects = state.on(tunnel_of(&["dev"], &[running("win")]), NOW);
    check(&effects, &["launch /bin/xfreerdp3"]);
    let launch =
        effects.iter().find_map(|effect| if let Effect::Launch(launch) = effect { Some(launch) } else { None });
    let launch = launch.unwrap();
    assert_eq!(launch.arguments[..2], ["/v:win.coder:3389", "/u:bob"]);
    assert_eq!(launch.input.as_ref().unwrap().expose(), "canary\n");
    check(&state.on(Event::Time, NOW), &[]);
}

#[test]
fn a_link_whose_name_does_not_come_is_given_up_with_a_sentence() {
    let mut state = linked();
    state.on(Event::Link(LINK.into()), NOW);
    check(&state.on(Event::Asked(Action::Answer(1, true)), NOW), &[]);
    let until = state.next_time().unwrap();
    check(&state.on(Event::Time, until), &[]);
    assert!(state.troubles[0].1.contains("needs the connection"), "{:?}", state.troubles);
    check(&state.on(tunnel_of(&["dev"], &[running("win")]), until), &[]);
}

#[test]
fn a_page_that_opens_links_without_end_asks_a_few_questions() {
    let mut state = linked();
    for _ in 0..100 {
        state.on(Event::Link(LINK.into()), NOW);
    }
    assert_eq!(state.asked.len(), 4);
}
