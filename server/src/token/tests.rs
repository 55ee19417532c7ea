//! Tests of token: given and expected, by tables where there are many.

use super::{NewKey, agent_hash, agent_token, split};

#[test]
fn a_drawn_key_reads_back() {
    let key = NewKey::draw().expect("randomness");
    assert_eq!(split(key.token.expose()), Some((key.id, key.hash)));
}

fn check_refused(token: &str) {
    assert_eq!(split(token), None, "{token:?}");
}

#[test]
fn other_forms_are_no_keys() {
    let good = "abcdefghij-abcdefghijklmnopqrstuv";
    assert!(split(good).is_some());
    let long = good.repeat(1000);
    for bad in ["", "-", "abcdefghij", &good[1..], &good[..32], "abcdefghij-abcdefghijklmnopqrstu\u{e9}", &long] {
        check_refused(bad);
    }
}

#[test]
fn a_daemons_token_is_one_uuid_in_any_writing() {
    let token = agent_token().expect("randomness");
    assert_eq!(agent_hash(token.expose()), agent_hash(&token.expose().to_uppercase()));
    assert_ne!(agent_hash(token.expose()), agent_hash("no uuid"));
    assert_eq!(agent_hash("no uuid"), [0; 32]);
}
