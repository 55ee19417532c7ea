//! Good tokens, and every way a token can be bad.

use super::*;

const NOW: i64 = 1_800_000_000;
const PEER: PeerId = PeerId(Uuid::from_u128(1));
const USER: UserId = UserId(Uuid::from_u128(2));

fn key(number: u128) -> SigningKey {
    SigningKey { id: Uuid::from_u128(number), key: vec![u8::try_from(number).unwrap(); 64] }
}

fn forged(header: &str, claims: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = BASE64.encode(mac(key, &signed).unwrap().finalize().into_bytes());
    format!("{signed}.{signature}")
}

#[test]
fn a_token_is_good_for_its_user_for_a_day() {
    let token = issue(&key(7), PEER, USER, NOW).unwrap();
    for (after, user, expected) in [
        (0, USER, Ok(Some(PEER))),
        (LIFETIME - 1, USER, Ok(Some(PEER))),
        (LIFETIME, USER, Err(Invalid)),
        (0, UserId(Uuid::from_u128(3)), Err(Invalid)),
    ] {
        assert_eq!(verify(&key(7), token.expose(), user, NOW + after), expected, "after {after}");
    }
    assert_eq!(verify(&key(8), token.expose(), USER, NOW), Err(Invalid), "another key");
}

#[test]
fn a_token_that_was_touched_is_not_good() {
    let key = key(7);
    let claims = format!(r#"{{"sub":"{}","exp":{},"usr":"{}"}}"#, PEER.0, NOW + 60, USER.0);
    let head = |alg: &str| format!(r#"{{"alg":"{alg}","kid":"{}"}}"#, key.id);
    assert_eq!(verify(&key, &forged(&head("HS512"), &claims, &key), USER, NOW), Ok(Some(PEER)), "the control");
    let other = SigningKey { id: key.id, key: vec![1; 64] };
    let good = issue(&key, PEER, USER, NOW).unwrap().expose().to_owned();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let later = BASE64.encode(format!(r#"{{"sub":"{}","exp":{},"usr":"{}"}}"#, PEER.0, NOW * 2, USER.0));
    let rows = [
        String::new(),
        ".".into(),
        "..".into(),
        "a.b.c".into(),
        signed.into(),
        format!("{signed}."),
        format!("{signed}.{}", &signature[1..]),
        format!("{}.{later}.{signature}", signed.split_once('.').unwrap().0),
        forged(&head("HS512"), &claims, &other),
        forged(&head("none"), &claims, &key),
        forged(&head("HS256"), &claims, &key),
        forged(&head("HS512"), r#"{"sub":"x","exp":1}"#, &key),
        format!("{good}{}", "A".repeat(2000)),
    ];
    for (number, token) in rows.iter().enumerate() {
        assert_eq!(verify(&key, token, USER, NOW), Err(Invalid), "row {number}: {token}");
    }
}

#[test]
fn a_token_without_a_key_id_is_ignored() {
    for header in [r#"{"alg":"HS512"}"#, r#"{"alg":"HS512","kid":""}"#] {
        assert_eq!(verify(&key(7), &forged(header, "{}", &key(1)), USER, NOW), Ok(None));
    }
}
