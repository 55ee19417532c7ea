//! Queries against one workspace.

use proto::rest::agent::{Agent, AgentStatus};
use proto::rest::build::{Build, WorkspaceStatus};
use proto::rest::resource::Resource;
use proto::rest::workspace::{Workspace, WorkspaceHealth};

use super::{Filter, SearchError};

fn workspace() -> Workspace {
    let agent = Agent { status: AgentStatus::Connected, ..Agent::default() };
    let resources = vec![Resource { agents: vec![agent], ..Resource::default() }];
    Workspace {
        owner_name: "Ann".into(),
        name: "my-box".into(),
        template_name: "process".into(),
        organization_name: "default".into(),
        health: WorkspaceHealth { healthy: true, failing_agents: vec![] },
        latest_build: Build { status: WorkspaceStatus::Running, resources, ..Build::default() },
        last_used_at: serde_json::from_str("\"2026-05-05T00:00:00Z\"").expect("time"),
        ..Workspace::default()
    }
}

fn check(query: &str, expect: bool) {
    let filter = Filter::parse(query).expect("a query");
    assert_eq!(filter.matches(&workspace(), "ann"), expect, "{query}");
}

#[test]
fn every_word_narrows() {
    for query in [
        "",
        "owner:me",
        "owner:ANN",
        "box",
        "BOX my",
        "name:my-box",
        "\"my-box\"",
        "template:process status:running",
        "has-agent:connected",
        "outdated:false healthy:yes dormant:no",
        "id:00000000-0000-0000-0000-000000000000",
        "organization:default",
        "last_used_before:2026-06-01T00:00:00Z last_used_after:2026-01-01T00:00:00Z",
        "has-ai-task:false",
    ] {
        check(query, true);
    }
    for query in [
        "owner:bob",
        "box owner:bob",
        "cat",
        "template:other",
        "status:stopped",
        "has-agent:timeout",
        "outdated:true",
        "healthy:false",
        "dormant:true",
        "last_used_before:2026-01-01T00:00:00Z",
        "has-ai-task:true",
        "param:x",
    ] {
        check(query, false);
    }
}

#[test]
fn what_is_not_understood_is_said() {
    assert_eq!(Filter::parse("colour:red"), Err(SearchError::Key("colour".into())));
    assert_eq!(Filter::parse("outdated:maybe"), Err(SearchError::Value("maybe".into(), "outdated")));
    assert!(Filter::parse("last_used_after:soon").is_err());
    assert_eq!(Filter::parse(&"x".repeat(2000)), Err(SearchError::Long));
}

#[test]
fn own_workspaces_are_known_before_reading() {
    assert!(Filter::parse("x owner:me").expect("query").is_mine("ann"));
    assert!(Filter::parse("owner:ann").expect("query").is_mine("Ann"));
    assert!(!Filter::parse("owner:bob").expect("query").is_mine("ann"));
    assert!(!Filter::parse("").expect("query").is_mine("ann"));
}
