//! The conventions of spec `rest-api.md` 1, on real shapes.

mod typescript;

use super::agent::Agent;
use super::build::{Transition, WorkspaceStatus};
use super::job::Job;
use super::user::OidcAuthMethod;
use super::workspace::Workspace;
use super::{Response, Time};

fn check_time(json: &str, expect: &str) {
    let time: Time = serde_json::from_str(json).expect("a time");
    assert_eq!(serde_json::to_string(&time).expect("json"), expect, "{json}");
}

#[test]
fn times_read_from_every_form_and_write_as_utc() {
    check_time("null", "\"0001-01-01T00:00:00Z\"");
    check_time("\"\"", "\"0001-01-01T00:00:00Z\"");
    check_time("\"0001-01-01T00:00:00Z\"", "\"0001-01-01T00:00:00Z\"");
    check_time("\"2026-01-02T03:04:05.123456+02:00\"", "\"2026-01-02T01:04:05.123456Z\"");
    assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
    assert!(serde_json::from_str::<Time>("7").is_err());
    check_time("\"9999-12-31T23:59:59Z\"", "\"9999-12-31T23:59:59Z\"");
    for outside in ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"] {
        assert!(serde_json::from_str::<Time>(&format!("\"{outside}\"")).is_err(), "{outside}");
    }
}

#[test]
fn microseconds_survive_the_store() {
    for micros in [0, 1, -1, 1_700_000_000_123_456, Time::ZERO.unix_micros()] {
        assert_eq!(Time::from_unix_micros(micros).unix_micros(), micros);
    }
    assert_eq!(Time::from_unix_micros(i64::MAX), Time::ZERO);
    assert!(Time::from_unix_micros(Time::ZERO.unix_micros()).is_zero());
}

#[test]
fn a_body_tolerates_null_missing_and_unknown() {
    let agent: Agent = serde_json::from_str(
        r#"{"apps":null,"latency":null,"scripts":null,"status":"levitating","lifecycle_state":null,"new_field":{"a":1}}"#,
    )
    .expect("an agent");
    assert!(agent.apps.is_empty());
    assert_eq!(agent.status.as_str(), "unknown");
    assert_eq!(agent.lifecycle_state.as_str(), "created");
    let workspace: Workspace = serde_json::from_str("{}").expect("a workspace");
    assert!(workspace.latest_build.deadline.is_none());
}

#[test]
fn words_go_both_ways() {
    for word in ["pending", "starting", "running", "stopping", "stopped", "failed", "canceling", "canceled", "deleting"]
    {
        assert_eq!(WorkspaceStatus::from_word(word).as_str(), word);
    }
    assert_eq!(serde_json::to_string(&Transition::Delete).expect("json"), "\"delete\"");
    assert_eq!(serde_json::from_str::<Transition>("\"explode\"").expect("word"), Transition::Unknown);
}

#[test]
fn names_that_are_not_the_fields_own() {
    let job = serde_json::to_value(Job::default()).expect("json");
    assert_eq!(job["type"], "workspace_build");
    assert!(job["started_at"].is_null() && job.get("error").is_none());
    let oidc = serde_json::to_value(OidcAuthMethod::default()).expect("json");
    assert!(oidc.get("signInText").is_some() && oidc.get("iconUrl").is_some());
    let response = serde_json::to_value(Response::new("no").field("name", "taken")).expect("json");
    assert_eq!(response, serde_json::json!({"message": "no", "validations": [{"field": "name", "detail": "taken"}]}));
}

/// Bodies of requests that no honest client sends: cut, deep, of other types, with a key twice.
#[test]
fn hostile_bodies_are_refused() {
    use super::workspace::CreateWorkspace;
    let nested = |field: &str| format!("{{\"{field}\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let (deep, known) = (nested("x"), nested("rich_parameter_values"));
    for (json, is_read) in [
        ("{}", true),
        (r#"{"name":"box","unknown":{"a":[1]}}"#, true),
        (r#"{"rich_parameter_values":null}"#, true),
        ("", false),
        ("{", false),
        (r#"{"name":"bo"#, false),
        (r#"{"name":"box"} {}"#, false),
        (r#"{"name":7}"#, false),
        (r#"{"name":null}"#, false),
        (r#"{"name":"a","name":"b"}"#, false),
        (r#"{"name":"\ud800"}"#, false),
        ("{\"name\":\"a\nb\"}", false),
        (r#"{"ttl_ms":9223372036854775808}"#, false),
        (r#"{"ttl_ms":1.5}"#, false),
        (r#"{"template_id":"1"}"#, false),
        (r#"{"rich_parameter_values":{}}"#, false),
        // A field that nobody reads is skipped without recursion, so its depth costs nothing.
        (&deep, true),
        (&known, false),
    ] {
        assert_eq!(serde_json::from_str::<CreateWorkspace>(json).is_ok(), is_read, "{json}");
    }
    assert!(serde_json::from_slice::<CreateWorkspace>(b"{\"name\":\"\xff\"}").is_err(), "not UTF-8");
}
