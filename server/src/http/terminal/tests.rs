//! The head of a terminal, and bytes between a page and a daemon that is a pipe here.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use uuid::Uuid;

use super::{MAX_COMMAND, MAX_NAME, Wanted, head, shortened};

#[test]
fn a_head_says_what_was_asked_for_with_its_length_before_it() {
    let wanted = Wanted {
        reconnect: Some(Uuid::from_u128(7)),
        width: Some(120),
        command: "top".into(),
        container_user: "dev".into(),
        ..Wanted::default()
    };
    let bytes = head(wanted).unwrap();
    let (length, body) = bytes.split_at(2);
    assert_eq!(usize::from(u16::from_le_bytes(length.try_into().unwrap())), body.len());
    let expect = json!({"ID": Uuid::from_u128(7), "Height": 80, "Width": 120, "Command": "top", "Container": "",
        "ContainerUser": "dev", "BackendType": ""});
    assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), expect);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let base = || Wanted { reconnect: Some(Uuid::nil()), ..Wanted::default() };
    let rows = [
        (Wanted::default(), "reconnect"),
        (Wanted { command: "x".repeat(MAX_COMMAND + 1), ..base() }, "command"),
        (Wanted { command: "\u{1}".repeat(MAX_COMMAND), ..base() }, "command"),
        (Wanted { container: "x".repeat(MAX_NAME + 1), ..base() }, "container"),
        (Wanted { container_user: "x".repeat(MAX_NAME + 1), ..base() }, "container_user"),
        (Wanted { backend_type: "x".repeat(MAX_NAME + 1), ..base() }, "backend_type"),
    ];
    for (wanted, field) in rows {
        let refused = head(wanted).unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.body.validations[0].field.as_str()), (400, field));
    }
    assert!(head(Wanted { command: "x".repeat(MAX_COMMAND), ..base() }).is_ok());
}

#[test]
fn a_reason_fits_a_close_frame() {
    assert_eq!(shortened("short"), "short");
    let long = format!("{}é…", "x".repeat(121));
    assert_eq!(shortened(&long).len(), 123);
    assert_eq!(shortened(&"é".repeat(80)).len(), 122);
}
