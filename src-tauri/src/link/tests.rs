//! Links as they come from web pages, mails and enemies.

use super::*;

const GOOD: &str = "homeport://dev.example.com/v0/open/ws/win/agent/main/rdp";

#[test]
fn a_link_is_exactly_this_form_or_refused() {
    #[track_caller]
    fn check(given: &str, expect: Result<(&str, &str, &str, Option<&str>, Option<&str>), LinkError>) {
        let read = parse(given);
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
    check(&GOOD.replace("homeport:", "coder:"), Err(LinkError::Foreign));
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
    let link = parse(&format!("{GOOD}?password=canary")).unwrap();
    assert!(!format!("{link:?}").contains("canary"));
    let error = parse(&format!("{GOOD}?passwrd=canary")).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
}
