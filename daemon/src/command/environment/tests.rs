//! Tests of the layers and of `$NAME` expansion.

use super::*;
use crate::session::EnvironmentSecret;
use proto::secret::Secret;
use std::path::PathBuf;

fn account() -> Account {
    Account { name: "dev".into(), uid: 1000, gid: 1000, home: "/home/dev".into(), shell: None }
}

fn facts() -> Facts {
    Facts {
        agent_name: "main".into(),
        workspace_name: "box".into(),
        owner: "ada".into(),
        token: Some(Secret::new("token-1")),
        access_url: "http://deployment".into(),
        executable: "/opt/hp/homeport".into(),
        script_bin_dir: Some("/data/bin".into()),
        environment: [("GREETING", "hi $USER"), ("CODER", "template"), ("GIT_ASKPASS", "mine"), ("PATH", "/t:$PATH")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        secrets: vec![EnvironmentSecret { name: "API_KEY".into(), value: Secret::new("k$USER") }],
        ..Facts::default()
    }
}

#[test]
fn later_layers_win_and_values_are_exact() {
    let inherited =
        [("PATH", "/bin"), ("HOME", "/keep"), ("CODER_AGENT_URL", "http://own"), ("USER", "nobody"), ("KEEP", "1")]
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .into();
    let extra = [
        ("LANG", "C.UTF-8"),
        ("CODER_WORKSPACE_NAME", "forged"),
        ("USER", "forged"),
        ("CODER_SSH_SESSION_TYPE", "vscode"),
        ("BAD=NAME", "x"),
        ("", "x"),
        ("NUL", "a\0b"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::assemble(&facts(), &account(), Some(Path::new("/bin/zsh")), inherited, &extra);
    let check = |name: &str, expect: Option<&str>| assert_eq!(environment.text(name).as_deref(), expect, "{name}");
    check("KEEP", Some("1"));
    check("LANG", Some("C.UTF-8"));
    check("USER", Some("dev"));
    check("LOGNAME", Some("dev"));
    check("SHELL", Some("/bin/zsh"));
    check("HOME", Some("/keep"));
    check("CODER_WORKSPACE_NAME", Some("box"));
    check("CODER_WORKSPACE_AGENT_NAME", Some("main"));
    check("CODER_WORKSPACE_OWNER_NAME", Some("ada"));
    check("CODER_AGENT_TOKEN", Some("token-1"));
    check("CODER_AGENT_URL", Some("http://own"));
    check("GREETING", Some("hi dev"));
    check("CODER", Some("template"));
    check("API_KEY", Some("k$USER"));
    check("GIT_ASKPASS", Some("/opt/hp/homeport"));
    check("GIT_SSH_COMMAND", Some("/opt/hp/homeport gitssh --"));
    check("PATH", Some("/data/bin:/t:/bin:/opt/hp"));
    check("VSCODE_PROXY_URI", None);
    check("CODER_SSH_SESSION_TYPE", None);
    check("BAD=NAME", None);
    check("NUL", None);
}

#[test]
fn an_empty_world_still_gives_a_home_and_a_path() {
    let facts = Facts { executable: PathBuf::from("/a b/homeport"), ..Facts::default() };
    let environment = Environment::assemble(&facts, &account(), None, BTreeMap::new(), &[]);
    let check = |name: &str, expect: Option<&str>| assert_eq!(environment.text(name).as_deref(), expect, "{name}");
    check("HOME", Some("/home/dev"));
    check("PATH", Some(&format!("{DEFAULT_PATH}:/a b")));
    check("SHELL", None);
    check("CODER_AGENT_TOKEN", None);
    check("CODER_AGENT_URL", None);
    check("GIT_SSH_COMMAND", Some("'/a b/homeport' gitssh --"));
}

#[test]
fn names_are_expanded() {
    let check = |given: &str, expect: &str| {
        let lookup = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "LONG_NAME" => Some("2".to_owned()),
            _ => None,
        };
        assert_eq!(expand(given, lookup), expect, "{given:?}");
    };
    check("", "");
    check("plain", "plain");
    check("$A", "1");
    check("x${A}y$LONG_NAME-z", "x1y2-z");
    check("$B|", "|");
    check("${B}", "");
    check("$", "$");
    check("$$A", "$1");
    check("cost: 5$ ", "cost: 5$ ");
    check("${A", "${A");
    check("ü$Aü", "ü1ü");
    check("$A$A", "11");
}
