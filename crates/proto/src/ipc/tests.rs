//! Lines, frames and messages, and what may not come of them.

use super::frame::encode;
use super::version::{LINE, VersionError, check as check_line};
use super::{
    Call, Description, Event, FrameError, Frames, FromService, Health, HealthCode, LocalPort, MAX_FRAME, Request,
};
use crate::secret::Secret;

#[test]
fn version_lines() {
    #[track_caller]
    fn check(line: &str, expect: Result<u16, VersionError>) {
        assert_eq!(check_line(line.as_bytes()), expect, "{line:?}");
    }
    check(LINE, Ok(0));
    check("homeport-tunnel 1.7\n", Ok(7));
    check("homeport-tunnel 2.0\n", Err(VersionError::Newer(2)));
    check("homeport-tunnel 0.9\n", Err(VersionError::Older(0)));
    for foreign in
        ["", "\n", "homeport-tunnel 1.0", "homeport-tunnel 1\n", "homeport-tunnel 1.x\n", "codervpn tunnel 1.0\n"]
    {
        check(foreign, Err(VersionError::Foreign));
    }
    check("homeport-tunnel +1.0\n", Err(VersionError::Foreign));
    check("homeport-tunnel 1.99999\n", Err(VersionError::Foreign));
}

#[test]
fn frames_are_found_however_the_bytes_come() {
    let request = Request { id: 7, call: Call::Disconnect { url: Some("http://a".into()) } };
    let bytes = [encode(&request).unwrap(), encode(&Request { id: 8, call: Call::Wake }).unwrap()].concat();
    for step in 1..=bytes.len() {
        let (mut frames, mut ids) = (Frames::default(), Vec::new());
        for piece in bytes.chunks(step) {
            frames.push(piece);
            while let Some(Request { id, .. }) = frames.take().unwrap() {
                ids.push(id);
            }
        }
        assert_eq!(ids, [7, 8], "in steps of {step}");
    }
}

#[test]
fn hostile_frames_are_named() {
    #[track_caller]
    fn check(bytes: &[u8], expect: &str) {
        let mut frames = Frames::default();
        frames.push(bytes);
        let found = match frames.take::<Request>() {
            Ok(None) => "more".to_owned(),
            Ok(Some(_)) => "message".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expect), "{found}");
    }
    let frame = |text: &str| [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat();
    check(b"", "more");
    check(&[0, 0, 0], "more");
    check(&[0, 1, 0, 0], "more");
    check(&[0, 1, 0, 1], "a frame of 65537 bytes");
    check(&[0xff; 4], "a frame of 4294967295 bytes");
    check(&frame(""), "a frame that is no message");
    check(&frame("{}"), "a frame that is no message");
    check(&frame(r#"{"id":1,"call":"run","path":"/bin/sh"}"#), "a frame that is no message");
    check(&frame(r#"{"id":-1,"call":"wake"}"#), "a frame that is no message");
    check(&frame(r#"{"id":1,"call":"connect","url":"http://a"}"#), "a frame that is no message");
    check(&frame(&"[".repeat(60_000)), "a frame that is no message");
    check(&frame(r#"{"id":1,"call":"wake","new":true}"#), "message");
}

#[test]
fn a_token_is_sent_but_never_printed() {
    let description = Description { url: "http://a".into(), token: Secret::new("canary"), is_local: false };
    let request = Request { id: 1, call: Call::Connect(description) };
    assert!(!format!("{request:?}").contains("canary"));
    let bytes = encode(&request).unwrap();
    assert!(bytes.windows(6).any(|window| window == b"canary"));
    let mut frames = Frames::default();
    frames.push(&bytes);
    let Some(Request { call: Call::Connect(read), .. }) = frames.take().unwrap() else { panic!("another call") };
    assert_eq!(read.token.expose(), "canary");
    let broken = [&[0, 0, 0, 10][..], br#"{"canary":"#].concat();
    frames.push(&broken);
    assert!(!frames.take::<Request>().unwrap_err().to_string().contains("canary"));
}

#[test]
fn what_is_too_long_is_not_sent() {
    let event = FromService::Event(Event::Removed { url: "x".repeat(MAX_FRAME) });
    assert!(matches!(encode(&event), Err(FrameError::TooLong(_))));
}

#[test]
fn health_shows_root_causes_and_words() {
    let no_network = Health::new(HealthCode::NoNetwork, "");
    let unreachable = Health::new(HealthCode::DeploymentUnreachable, "");
    let clash = Health::new(HealthCode::NameClash, "box");
    assert_eq!(HealthCode::roots(&[unreachable, no_network.clone(), clash.clone()]), [no_network, clash]);
    for code in HealthCode::ALL {
        assert!(!code.hides(*code) && code.title().ends_with('.') && code.next_step().ends_with('.'), "{code:?}");
    }
    assert_eq!(Health::new(HealthCode::Unknown, "é".repeat(400)).detail.len(), 512);
    let newer: Health = serde_json::from_str(r#"{"code":"made_of_cheese","detail":""}"#).unwrap();
    assert_eq!(newer.code, HealthCode::Unknown);
}

#[test]
fn news_of_a_newer_service_is_read_past() {
    let newer = br#"{"is":"event","event":"weather","degrees":21}"#;
    let mut frames = Frames::default();
    frames.push(&[&u32::try_from(newer.len()).unwrap().to_be_bytes(), &newer[..]].concat());
    assert_eq!(frames.take::<FromService>().unwrap(), Some(FromService::Event(Event::Unknown)));
}

#[test]
fn the_most_local_ports_fit_a_frame() {
    let port =
        LocalPort { daemon: crate::id::AgentId(uuid::Uuid::max()), remote: u16::MAX, local: u16::MAX, is_here: false };
    let event =
        Event::Ports { url: "x".repeat(super::call::MAX_URL), ports: vec![port; super::status::PORTS_IN_EVENT] };
    assert!(encode(&FromService::Event(event)).unwrap().len() < MAX_FRAME / 2);
}
