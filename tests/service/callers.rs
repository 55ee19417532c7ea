//! A12: other users, other groups, a second owner and a thousand connections, against the real service.

use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tests::lab::available;

use super::{Service, sabotaged};

const WAKE: &str = r#"{"id":1,"call":"wake"}"#;
const CONNECT: &str = r#"{"id":1,"call":"connect","url":"http://127.0.0.1:1","token":"canary"}"#;
const DISCONNECT: &str = r#"{"id":1,"call":"disconnect"}"#;
const GROUP: &str = "65510";
const STRANGER: &[&str] = &["--reuid", "65501", "--regid", "65501", "--clear-groups"];
const WRONG_GROUP: &[&str] = &["--reuid", "65501", "--regid", "65501", "--groups", "65501,65511"];
const MEMBER: &[&str] = &["--reuid", "65502", "--regid", "65502", "--groups", "65502,65510"];
const OTHER_MEMBER: &[&str] = &["--reuid", "65503", "--regid", "65510", "--clear-groups"];

fn service() -> Service {
    Service::start(if sabotaged("A12") { "65501" } else { GROUP })
}

fn is_done(heard: &str) -> bool {
    heard.starts_with("homeport-tunnel 1.0 ") && heard.contains("done")
}

#[test]
fn the_wrong_people_get_a_closed_socket() {
    if !available("the_wrong_people_get_a_closed_socket") {
        return;
    }
    let service = service();
    for stranger in [STRANGER, WRONG_GROUP] {
        assert_eq!(service.speak(stranger, WAKE), "denied", "the file system lets nobody in");
    }
    assert!(is_done(&service.speak(MEMBER, WAKE)) && is_done(&service.speak(OTHER_MEMBER, WAKE)));
    // Even with open doors the kernel's word counts.
    let open = |path: &std::path::Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(service.socket().parent().unwrap(), 0o755);
    open(&service.socket(), 0o666);
    for stranger in [STRANGER, WRONG_GROUP] {
        assert_eq!(service.speak(stranger, CONNECT), "", "not even our line");
    }
    // One owner at a time, root included.
    assert!(is_done(&service.speak(MEMBER, CONNECT)));
    assert_eq!((service.speak(OTHER_MEMBER, WAKE), service.ask(DISCONNECT)), (String::new(), String::new()));
    assert!(is_done(&service.speak(MEMBER, DISCONNECT)));
    assert!(is_done(&service.ask(CONNECT)));
    assert_eq!(service.speak(MEMBER, WAKE), "");
    assert!(is_done(&service.ask(DISCONNECT)) && !service.log().contains("canary"));
}

#[test]
fn a_thousand_connections_get_nothing() {
    if !available("a_thousand_connections_get_nothing") {
        return;
    }
    let service = service();
    let connect = |_| UnixStream::connect(service.socket()).unwrap();
    let all: Vec<UnixStream> = (0..1000).map(connect).collect();
    let greeted = all.iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut byte = [0];
        matches!((&**stream).read(&mut byte), Ok(1))
    });
    assert!(greeted.count() <= 64);
    drop(all);
    // Their places are free again.
    let again = (0..100).any(|_| is_done(&service.ask(WAKE)));
    assert!(again);
}
