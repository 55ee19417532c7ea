//! Names of workspaces, in every form that people and SSH clients write.

use super::*;

fn shown(target: Result<Target, NotATarget>) -> Option<String> {
    target.ok().map(|target| target.to_string())
}

#[test]
fn names_are_read() {
    #[track_caller]
    fn check(given: &str, expect: Option<&str>) {
        assert_eq!(shown(Target::parse(given)).as_deref(), expect, "{given}");
    }
    check("box", Some("box"));
    check("my-box_2", Some("my-box_2"));
    check("box.main", Some("box.main"));
    check("alice/box", Some("alice/box"));
    check("me/box", Some("box"));
    check("alice/box.main", Some("alice/box.main"));
    check("alice--box", Some("alice/box"));
    check("alice--box.main", Some("alice/box.main"));
    check("alice--box--main", Some("alice/box.main"));
    check("main.box.alice", Some("alice/box.main"));
    check("main.box.me", Some("box.main"));
    check("", None);
    check(".", None);
    check("/", None);
    check("alice/", None);
    check("/box", None);
    check("a/b/c", None);
    check("a.b.c.d", None);
    check("box.", None);
    check("..", None);
    check("-oProxyCommand=x", None);
    check("box;rm", None);
    check("b\u{f6}x", None);
    check("a--b--c--d", Some("a/b.c--d"));
    check(&"x".repeat(65), None);
}

#[test]
fn hosts_lose_their_prefix_or_suffix() {
    #[track_caller]
    fn check(host: &str, prefix: Option<&str>, suffix: Option<&str>, expect: Option<&str>) {
        assert_eq!(shown(Target::parse_host(host, prefix, suffix)).as_deref(), expect, "{host}");
    }
    check("box.coder", None, Some("coder"), Some("box"));
    check("box.coder.", None, Some("coder"), Some("box"));
    check("box.CODER", None, Some(".coder"), Some("box"));
    check("main.box.me.coder", None, Some("coder"), Some("box.main"));
    check("main.box.alice.coder", None, Some("coder"), Some("alice/box.main"));
    check("box", None, Some("coder"), Some("box"));
    check("coder", None, Some("coder"), Some("coder"));
    check("boxcoder", None, Some("coder"), Some("boxcoder"));
    check(".coder", None, Some("coder"), None);
    check("coder.box", Some("coder."), None, Some("box"));
    check("coder.alice--box.main", Some("coder."), None, Some("alice/box.main"));
    check("coder-vscode.dev.example.com--alice--box", Some("coder-vscode.dev.example.com--"), None, Some("alice/box"));
    check("coder-vscode.h--alice--box.main", Some("coder-vscode.h--"), Some("coder"), Some("alice/box.main"));
    check("\u{e9}coder", None, Some("coder"), None);
}
