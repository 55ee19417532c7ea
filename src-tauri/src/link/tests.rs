//! Links as they come from web pages, mails and enemies.

use super::*;

const GOOD: &str = "homeport://dev.example.com/v0/open/ws/win/agent/main/rdp";

#[test]
fn a_link_is_exactly_this_form_or_refused() {
    #[track_caller]
    fn check(given: &str, expect: Result<(&str, &str, &str, Option<&str>, Option<&str>), LinkError>) {
        let read = parse(given, false);
        let read = read.as_ref().map(|link| {
            let password = link.password.as_ref().map(Secret::expose);
            (link.host.as_str(), link.workspace.as_str(), link.daemon.as_str(), link.user.as_deref(), password)
        });
        assert_eq!(read, expect.as_ref().map(|found| *found), "{given}");
    }
    let good = ("dev.example.com", "win", "main");
    let with = |user, password| Ok((good.0, good.1, good.2, user, password));
    check(GOOD, with(None, None));
    check(&format!("{GOOD}?username=bob&password=p%26w"), with(Some("bob"), Some("p&w")));
    check(&format!("{GOOD}?username=&password="), with(None, None));
    check(
        &GOOD.replace("dev.example.com", "DEV.Example.com:7080"),
        Ok(("dev.example.com:7080", "win", "main", None, None)),
    );
    check(&GOOD.replace("win", "w%69n"), with(None, None));
    check(&GOOD.replace("homeport:", "coder:"), Err(LinkError::Coder));
    check(&GOOD.replace("homeport:", "file:"), Err(LinkError::Foreign));
    check("homeport:dev.example.com", Err(LinkError::Foreign));
    check("", Err(LinkError::Foreign));
    check(&GOOD.replace("dev.example.com", ""), Err(LinkError::Host));
    check(&GOOD.replace("dev.example.com", "bücher.example"), Err(LinkError::Host));
    check(&GOOD.replace("dev.example.com", "user@dev.example.com"), Err(LinkError::Query));
    check(&GOOD.replace("/rdp", "/vnc"), Err(LinkError::Unknown));
    check(&format!("{GOOD}/more"), Err(LinkError::Unknown));
    check(&GOOD.replace("/v0/", "/v0/../v0/../"), Err(LinkError::Unknown));
    check(&GOOD.replace("win", "..%2Fwin"), Err(LinkError::Name));
    check(&GOOD.replace("win", "-rf"), Err(LinkError::Name));
    check(&GOOD.replace("win", "a%00b"), Err(LinkError::Name));
    check(&GOOD.replace("win", "a%"), Err(LinkError::Name));
    check(&GOOD.replace("win", "%ff"), Err(LinkError::Name));
    check(&GOOD.replace("win", "a%2525"), Err(LinkError::Name));
    check(&format!("{GOOD}?username=a&username=b"), Err(LinkError::Query));
    check(&format!("{GOOD}?command=calc"), Err(LinkError::Query));
    check(&format!("{GOOD}?username=a%0Ab"), Err(LinkError::Query));
    check(&format!("{GOOD}?username=%2Fshell:calc"), Err(LinkError::Query));
    check(&format!("{GOOD}?username={}", "a".repeat(600)), Err(LinkError::Query));
    check(&format!("{GOOD}#x"), Err(LinkError::Query));
    check(&format!("{GOOD}?username={}", "a".repeat(64 * 1024)), Err(LinkError::TooLong));
}

#[test]
fn no_part_of_a_password_is_in_what_is_printed() {
    let link = parse(&format!("{GOOD}?password=canary"), false).unwrap();
    assert!(!format!("{link:?}").contains("canary"));
    let error = parse(&format!("{GOOD}?passwrd=canary"), false).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[test]
fn b19_a_coder_link_is_held_to_the_same_rules_and_only_where_it_was_chosen() {
    let coder = GOOD.replace("homeport:", "coder:");
    let same = |tail: &str| {
        let (ours, theirs) = (parse(&format!("{GOOD}{tail}"), true), parse(&format!("{coder}{tail}"), true));
        let shown = |read: Result<Link, LinkError>| format!("{read:?}");
        assert_eq!(shown(ours), shown(theirs), "{tail}");
        assert!(parse(&format!("{coder}{tail}"), false).is_err(), "{tail}");
    };
    for tail in [
        "",
        "?username=bob&password=x",
        "?username=a&username=b",
        "?password=a&password=b",
        "?command=calc",
        "?username=%2Fshell:calc",
        "?username=a%0Ab",
        "#x",
        "/more",
        "/../../../../../../v0/open/ws/x/agent/y/rdp",
        &format!("?username={}", "a".repeat(64 * 1024)),
    ] {
        same(tail);
    }
    assert!(parse(&coder, true).is_ok(), "the control");
    for bad in [
        "coder://user@dev.example.com/v0/open/ws/win/agent/main/rdp",
        "coder://user:pw@dev.example.com/v0/open/ws/win/agent/main/rdp",
        "coder://b\u{fc}cher.example/v0/open/ws/win/agent/main/rdp",
        "coder://dev.example.com%00/v0/open/ws/win/agent/main/rdp",
        "coder:///v0/open/ws/win/agent/main/rdp",
        "coder:dev.example.com/v0/open/ws/win/agent/main/rdp",
        "coder://dev.example.com/v0/open/ws/win%2f..%2fx/agent/main/rdp",
        "coder://dev.example.com/v0/open/ws/win/agent/main/rdp?username=a;username=b&x",
    ] {
        assert!(parse(bad, true).is_err(), "{bad}");
    }
}
