//! Calls and news in, effects and pictures out.

use std::net::Ipv6Addr;
use std::sync::Arc;

use mesh::names::{Found, Suffix, Zone};
use proto::address::{PREFIX, under};
use proto::ipc::{Call, DeploymentState, Description, FaultCode, Health, HealthCode, NameService, Outcome};
use proto::secret::Secret;
use proto::tailnet::{Agent, Workspace, WorkspaceUpdate};
use uuid::Uuid;

use super::{Effect, Face, Key, State};

fn address(number: u128) -> Ipv6Addr {
    under(PREFIX, Uuid::from_u128(number))
}

fn state() -> State {
    State::new(address(1))
}

fn describe(url: &str, token: &str, is_local: bool) -> Description {
    Description { url: url.into(), token: Secret::new(token), is_local }
}

fn connect(state: &mut State, url: &str) -> Outcome {
    state.call(Call::Connect(describe(url, "token", false)))
}

fn disconnect(state: &mut State, url: Option<&str>) -> Vec<String> {
    state.call(Call::Disconnect { url: url.map(Into::into) });
    effects(state)
}

/// Short names of effects.
fn effects(state: &mut State) -> Vec<String> {
    let name = |effect: Effect| match effect {
        Effect::Order(order) => format!("{order:?}").split('(').next().unwrap().to_owned(),
        Effect::Start(key, description) => format!("Start {} {}", key.0, description.url),
        Effect::Stop(key) => format!("Stop {}", key.0),
        other => format!("{other:?}"),
    };
    state.effects().into_iter().map(name).collect()
}

/// A face with one workspace `box` whose daemon has this number.
fn face(suffix: &str, owner: &str, number: u128) -> Face {
    let suffix = Suffix::new(suffix, "example.com").unwrap();
    let mut zone = Zone::new(suffix.clone(), owner);
    let id = |number: u128| Uuid::from_u128(number).as_bytes().to_vec();
    let update = WorkspaceUpdate {
        upserted_workspaces: vec![Workspace { id: id(number), name: "box".into(), status: 3 }],
        upserted_agents: vec![Agent { id: id(number), name: "dev".into(), workspace_id: id(number) }],
        ..WorkspaceUpdate::default()
    };
    zone.apply(&update).unwrap();
    let state = DeploymentState::Connected;
    Face { state, zone: Some(Arc::new(zone)), suffix: Some(suffix), ..Face::default() }
}

fn box_of(state: &State) -> Option<Ipv6Addr> {
    match state.directory().find("box.coder") {
        Found::Address(address, _) => Some(address),
        _ => None,
    }
}

#[test]
fn what_is_wanted_is_checked() {
    #[track_caller]
    fn check(url: &str, token: &str, expect: Option<FaultCode>) {
        let found = match state().call(Call::Connect(describe(url, token, false))) {
            Outcome::Done => None,
            Outcome::Refused(fault) => Some(fault.code),
        };
        assert_eq!(found, expect, "{url} {token}");
    }
    check("http://127.0.0.1:7080", "abc-DEF", None);
    check("https://coder.example.com/path/", "abc", None);
    for bad in ["", "box", "file:///etc/passwd", "ftp://a", "http://", "http://ann:pw@a", "unix:/run/x", "http://a b"] {
        check(bad, "abc", Some(FaultCode::BadRequest));
    }
    check(&format!("http://a/{}", "x".repeat(2048)), "abc", Some(FaultCode::BadRequest));
    for bad in ["", "a b", "a\nb", "é", &"x".repeat(4097)] {
        check("http://a", bad, Some(FaultCode::BadRequest));
    }
}

#[test]
fn a_refusal_never_repeats_the_token() {
    let outcome = state().call(Call::Connect(describe("http://a", "canary canary", false)));
    assert!(!format!("{outcome:?}").contains("canary"));
}

#[test]
fn the_first_brings_the_network_up_and_the_last_takes_it_down() {
    let mut state = state();
    connect(&mut state, "http://a");
    assert_eq!(effects(&mut state), ["BringUp", "Refresh", "Start 1 http://a"]);
    state.device_up("homeport0".into());
    assert_eq!(effects(&mut state), [""; 0]);
    connect(&mut state, "http://b");
    assert_eq!(effects(&mut state), ["Refresh", "Start 2 http://b"]);
    // The same once more changes nothing; another token starts anew.
    connect(&mut state, "http://b/");
    assert_eq!(effects(&mut state), [""; 0]);
    state.call(Call::Connect(describe("http://b", "other", false)));
    assert_eq!(effects(&mut state), ["Stop 2", "Refresh", "Start 3 http://b"]);
    assert_eq!(disconnect(&mut state, Some("http://a")), ["Refresh", "Stop 1"]);
    assert_eq!(disconnect(&mut state, Some("http://unknown")), ["Refresh"]);
    assert_eq!(disconnect(&mut state, Some("http://b")), ["Refresh", "Stop 3", "TakeDown", "Disown"]);
    assert_eq!(state.picture().service.device, None);
    assert_eq!(disconnect(&mut state, None), ["Refresh", "Disown"]);
}

#[test]
fn names_are_told_once_there_are_both_names_and_a_device() {
    let mut state = state();
    connect(&mut state, "http://a");
    effects(&mut state);
    state.face(Key(1), face("coder", "ann", 7));
    assert_eq!(effects(&mut state), ["Refresh"]);
    state.device_up("homeport0".into());
    assert_eq!(effects(&mut state), ["SetNames"]);
    state.named(NameService::Resolved);
    assert_eq!(state.picture().service.names, Some(NameService::Resolved));
    // Another daemon, the same suffix: only our own names change.
    state.face(Key(1), face("coder", "ann", 8));
    let told = ["Refresh", "ForgetNames"].map(str::to_owned).to_vec();
    assert_eq!((effects(&mut state), box_of(&state)), (told, Some(address(8))), "nobody may keep the old answer");
    // Only the state differs: nothing is rebuilt.
    let same = Face { state: DeploymentState::Reconnecting, ..state.wanted["http://a"].face.clone() };
    state.face(Key(1), same);
    assert_eq!((effects(&mut state), box_of(&state)), (vec![], Some(address(8))));
    assert_eq!(disconnect(&mut state, None), ["Refresh", "Stop 1", "TakeDown", "Disown"]);
    assert_eq!((box_of(&state), state.routes().len(), state.directory().suffixes().len()), (None, 0, 0));
    // What arrives late is of no interest.
    state.face(Key(1), face("coder", "ann", 7));
    state.device_up("homeport0".into());
    state.named(NameService::Resolved);
    let service = state.picture().service;
    assert_eq!((effects(&mut state), box_of(&state), service.device, service.names), (vec![], None, None, None));
    // A second time everything is told again.
    connect(&mut state, "http://a");
    state.face(Key(2), face("coder", "ann", 7));
    state.device_up("homeport0".into());
    assert_eq!(effects(&mut state), ["BringUp", "Refresh", "Start 2 http://a", "Refresh", "SetNames"]);
}

#[test]
fn a_device_that_cannot_be_made_is_tried_again_and_told() {
    let mut state = state();
    connect(&mut state, "http://a");
    effects(&mut state);
    state.device_failed(Health::new(HealthCode::TunDenied, "EPERM"));
    assert_eq!(effects(&mut state), ["TryAgain"]);
    assert_eq!(state.picture().service.health, [Health::new(HealthCode::TunDenied, "EPERM")]);
    state.bring_up();
    assert_eq!(effects(&mut state), ["BringUp"]);
    state.device_up("homeport0".into());
    assert_eq!(state.picture().service.health, []);
    disconnect(&mut state, None);
    state.bring_up();
    state.device_failed(Health::new(HealthCode::TunDenied, ""));
    assert_eq!(effects(&mut state), [""; 0]);
}

#[test]
fn the_local_deployment_wins_names_and_nobody_takes_an_address() {
    let mut state = state();
    connect(&mut state, "http://far");
    state.call(Call::Connect(describe("http://here", "token", true)));
    state.face(Key(1), face("coder", "bob", 7));
    assert_eq!(box_of(&state), Some(address(7)));
    state.face(Key(2), face("coder", "ann", 8));
    assert_eq!(box_of(&state), Some(address(8)));
    let health = |state: &State, url: &str| state.picture().deployments[url].0.health.clone();
    let clash = Health::new(HealthCode::NameClash, "box.coder, dev.box.me.coder lead to http://here");
    assert_eq!((health(&state, "http://far"), health(&state, "http://here")), (vec![clash], vec![]));
    assert_eq!(state.routes()[&address(7)], Key(1));
    // A deployment that claims the address of another's daemon does not get its packets.
    state.face(Key(1), face("coder", "bob", 8));
    assert_eq!(state.routes()[&address(8)], Key(2));
    disconnect(&mut state, Some("http://here"));
    assert_eq!((state.routes()[&address(8)], health(&state, "http://far")), (Key(1), vec![]));
}

#[test]
fn only_root_causes_are_told() {
    let mut state = state();
    connect(&mut state, "http://a");
    let unreachable = Health::new(HealthCode::DeploymentUnreachable, "timed out");
    state.face(Key(1), Face { health: vec![unreachable.clone()], ..Face::default() });
    let shown = |state: &State| state.picture().deployments["http://a"].0.health.clone();
    assert_eq!(shown(&state), std::slice::from_ref(&unreachable));
    state.offline();
    assert_eq!((shown(&state), state.picture().service.health), (vec![], vec![Health::new(HealthCode::NoNetwork, "")]));
    effects(&mut state);
    state.moved();
    assert_eq!((shown(&state), effects(&mut state)), (vec![unreachable], vec!["Poke".to_owned()]));
    state.machine_health(vec![Health::new(HealthCode::NoNetwork, "x"), Health::new(HealthCode::NoRelay, "")]);
    assert_eq!(state.picture().service.health, [Health::new(HealthCode::NoNetwork, "x")]);
    let connected = Face { state: DeploymentState::Connected, ..Face::default() };
    state.face(Key(1), connected.clone());
    let without_network = state.picture().service.health;
    assert_eq!(without_network, [Health::new(HealthCode::NoRelay, "")], "it is reached all the same");
    connect(&mut state, "http://b");
    assert_eq!(state.picture().service.health, [Health::new(HealthCode::NoNetwork, "x")]);
    state.machine_health(Vec::new());
    state.moved();
    let no_relay = Health::new(HealthCode::NoRelay, "refused");
    state.face(Key(1), Face { relays: Some(no_relay.clone()), ..connected });
    assert_eq!(shown(&state), [no_relay]);
}

#[test]
fn sixteen_deployments_and_no_more() {
    let mut state = state();
    for number in 0..16 {
        assert_eq!(connect(&mut state, &format!("http://a{number}")), Outcome::Done);
    }
    let Outcome::Refused(fault) = connect(&mut state, "http://b") else { panic!("a seventeenth") };
    assert_eq!(fault.code, FaultCode::TooMany);
    assert_eq!(connect(&mut state, "http://a3"), Outcome::Done);
    disconnect(&mut state, Some("http://a3"));
    assert_eq!(connect(&mut state, "http://b"), Outcome::Done);
}

#[test]
fn a_failed_deployment_starts_anew_when_asked_again() {
    let mut state = state();
    connect(&mut state, "http://a");
    effects(&mut state);
    state.face(Key(1), Face { state: DeploymentState::Failed, ..Face::default() });
    effects(&mut state);
    connect(&mut state, "http://a");
    assert_eq!(effects(&mut state), ["Stop 1", "Refresh", "Start 2 http://a"]);
}
