//! When a workspace daemon is ready, and which one is meant.

use proto::rest::agent::{AgentLifecycle, AgentStatus, StartupScriptBehavior};
use proto::rest::resource::Resource;

use super::*;

#[test]
fn daemons_are_judged() {
    use AgentLifecycle as L;
    use AgentStatus as S;
    #[track_caller]
    fn check(status: S, state: L, blocking: bool, wait: Wait, expect: &str) {
        let mut agent = Agent { status, lifecycle_state: state, name: "main".into(), ..Agent::default() };
        agent.startup_script_behavior =
            if blocking { StartupScriptBehavior::Blocking } else { StartupScriptBehavior::NonBlocking };
        let got = match verdict(&agent, wait) {
            Verdict::Ready(None) => "ready",
            Verdict::Ready(Some(_)) => "warn",
            Verdict::Wait(_) => "wait",
            Verdict::WaitForScripts(_) => "scripts",
            Verdict::Never(_) => "never",
        };
        assert_eq!(got, expect, "{status} {state} {blocking} {wait:?}");
    }
    check(S::Connecting, L::Created, false, Wait::No, "wait");
    check(S::Timeout, L::Created, false, Wait::No, "wait");
    check(S::Disconnected, L::Ready, false, Wait::No, "wait");
    check(S::Connected, L::Ready, true, Wait::Yes, "ready");
    check(S::Connected, L::Created, false, Wait::Auto, "ready");
    check(S::Connected, L::Starting, false, Wait::Auto, "ready");
    check(S::Connected, L::Starting, true, Wait::Auto, "scripts");
    check(S::Connected, L::Starting, true, Wait::No, "ready");
    check(S::Connected, L::Starting, false, Wait::Yes, "scripts");
    check(S::Connected, L::StartTimeout, true, Wait::Auto, "warn");
    check(S::Connected, L::StartError, true, Wait::Auto, "warn");
    check(S::Connected, L::StartError, false, Wait::Auto, "ready");
    check(S::Connected, L::ShuttingDown, false, Wait::No, "never");
    check(S::Connected, L::Off, false, Wait::No, "never");
}

#[test]
fn the_right_daemon_is_chosen() {
    #[track_caller]
    fn check(agents: &[(&str, bool)], wanted: Option<&str>, expect: Option<&str>) {
        let agents = agents.iter().map(|(name, is_sub)| Agent {
            name: (*name).into(),
            parent_id: is_sub.then(proto::id::AgentId::nil),
            ..Agent::default()
        });
        let mut workspace = Workspace { name: "box".into(), ..Workspace::default() };
        workspace.latest_build.resources = vec![Resource { agents: agents.collect(), ..Resource::default() }];
        let target = Target { owner: None, workspace: "box".into(), agent: wanted.map(Into::into) };
        assert_eq!(choose(&workspace, &target).ok().map(|agent| agent.name).as_deref(), expect);
    }
    check(&[], None, None);
    check(&[("main", false)], None, Some("main"));
    check(&[("main", false)], Some("other"), None);
    check(&[("a", false), ("b", false)], None, None);
    check(&[("a", false), ("b", false)], Some("b"), Some("b"));
    check(&[("a", false), ("container", true)], None, Some("a"));
    check(&[("a", false), ("container", true)], Some("container"), Some("container"));
    check(&[("container", true)], None, Some("container"));
}
