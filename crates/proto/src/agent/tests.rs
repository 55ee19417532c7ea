//! The version rule, the odd metadata durations, secrets that stay out of `Debug`, and exact bytes of some messages.

use std::time::Duration as Span;

use prost::Message;

use super::*;
use crate::wkt::Duration;

#[test]
fn versions_are_accepted_by_the_rule_of_the_spec() {
    for (text, expect) in [
        ("2.0", Some(true)),
        ("2.4", Some(true)),
        ("2.10", Some(true)),
        ("2.11", Some(false)),
        ("1.0", Some(false)),
        ("3.0", Some(false)),
        ("02.010", Some(true)),
        ("2.4294967296", None),
        ("2", None),
        ("", None),
        (".", None),
        ("2.", None),
        ("+2.0", None),
        ("2.-1", None),
        ("2.1.0", None),
        ("2.٣", None),
        ("two.ten", None),
    ] {
        let got = text.parse::<ApiVersion>().ok().map(ApiVersion::is_accepted);
        assert_eq!(got, expect, "{text:?}");
    }
    assert_eq!(VERSION.to_string(), "2.10");
}

#[test]
fn metadata_intervals_carry_seconds_as_nanoseconds() {
    for (seconds, wire) in [(0, (0, 0)), (10, (0, 10)), (86_400, (0, 86_400)), (3_000_000_000, (3, 0))] {
        let span = Span::from_secs(seconds);
        let encoded = MetadataDescription::encode_seconds(span);
        assert_eq!((encoded.seconds, encoded.nanos), wire, "{seconds}");
        let description = MetadataDescription { interval: Some(encoded), ..Default::default() };
        assert_eq!(description.every(), span);
        assert_eq!(description.limit(), Span::ZERO);
    }
    let negative = MetadataDescription { timeout: Some(Duration { seconds: -1, nanos: 5 }), ..Default::default() };
    assert_eq!(negative.limit(), Span::ZERO);
}

#[test]
fn secrets_stay_out_of_debug_text() {
    let manifest = Manifest {
        environment_variables: [("NAME".into(), "canary".into())].into(),
        secrets: vec![WorkspaceSecret { env_name: "NAME".into(), value: b"canary".to_vec(), ..Default::default() }],
        ..Default::default()
    };
    let sub_agent = SubAgent { name: "dev".into(), auth_token: b"canary".to_vec(), ..Default::default() };
    let response = CreateSubAgentResponse { agent: Some(sub_agent), ..Default::default() };
    let text = format!("{manifest:?} {:?} {response:?}", manifest.secrets);
    assert!(!text.contains("canary") && !text.contains(&format!("{:?}", b"canary")), "{text}");
    assert!(text.contains("dev"));
}

#[test]
fn messages_have_the_bytes_of_the_spec() {
    check(&BatchUpdateMetadataRequest { metadata: vec![Metadata { key: "k".into(), result: None }] }, "1203 0a016b");
    check(&UpdateLifecycleRequest { lifecycle: Some(Lifecycle { state: 5, changed_at: None }) }, "0a02 0805");
    check(&Manifest { parent_id: Some(vec![7; 2]), ..Default::default() }, "9201 02 0707");
    check(&Manifest { parent_id: Some(vec![]), ..Default::default() }, "9201 00");
    check(
        &Manifest {
            derp_map: Some(crate::tailnet::DerpMap { home_params: Some(Default::default()), ..Default::default() }),
            ..Default::default()
        },
        "4a02 0a00",
    );
    check(&SubAgentApp { open_in: Some(OpenIn::SlimWindow as i32), ..Default::default() }, "4800");
    check(&Startup { subsystems: vec![1, 3], ..Default::default() }, "1a02 0103");
    check(&PushContextStateRequest { snapshot_error: "x".into(), ..Default::default() }, "3201 78");
    check(
        &BoundaryLog {
            allowed: true,
            resource: Some(BoundaryResource::HttpRequest(Default::default())),
            ..Default::default()
        },
        "0801 1a00",
    );
    check(
        &WorkspaceApp { sharing_level: 1, healthcheck: Some(Healthcheck::default()), health: 4, ..Default::default() },
        "5001 5a00 6004",
    );
}

/// What each end of the two services may send to the other: cut, lying, deep, of another kind or newer.
#[test]
fn hostile_messages_are_refused_and_newer_ones_are_read() {
    let named = |name: &str| [&[0x0a, name.len() as u8], name.as_bytes()].concat();
    let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut group = vec![0xfb, 0x3f];
        group.extend(inner);
        group.extend([0xfc, 0x3f]);
        group
    });
    for (name, bytes, is_read) in [
        ("nothing", vec![], true),
        ("whole", named("x"), true),
        ("length without data", vec![0x0a, 5, b'x'], false),
        ("length of 4 GiB", vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], false),
        ("length of 11 bytes", [&[0x0a][..], &[0xff; 11]].concat(), false),
        ("cut in the field's number", vec![0x8a], false),
        ("field 0", vec![0x02, 0], false),
        ("kind 7", vec![0x0f], false),
        ("a number where text should be", vec![0x08, 1], false),
        ("text that is not UTF-8", vec![0x0a, 2, 0xc3, 0x28], false),
        ("a field of a newer version", [&[0xfa, 0x3f, 2, 7, 7][..], &named("x")].concat(), true),
        ("the same field again", [named("x"), named("y")].concat(), true),
        ("the end of a group that did not begin", vec![0xfc, 0x3f], false),
        ("200 groups in each other", deep, false),
    ] {
        assert_eq!(MetadataDescription::decode(bytes.as_slice()).is_ok(), is_read, "{name}");
    }
}

fn check<M: Message + Default + PartialEq + std::fmt::Debug>(message: &M, expect: &str) {
    let expect = hex::decode(expect.replace(' ', "")).unwrap();
    assert_eq!(hex::encode(message.encode_to_vec()), hex::encode(&expect));
    assert_eq!(M::decode(expect.as_slice()).unwrap(), *message);
}
