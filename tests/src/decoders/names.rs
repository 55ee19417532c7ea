//! Names, searches, tokens and ids as strangers write them (catalogue B16, B20). Not here: who may do what with them.

use proto::id::{PeerId, UserId, WorkspaceId};
use proto::key::{DiscoPublic, NodePublic};
use proto::secret::Secret;
use server::http::{name as names, search::Filter};
use server::net::tailnet_api::resume_token::{self, SigningKey};
use server::token;
use uuid::Uuid;

/// Tokens of every kind: what is taken has the one form, and nothing but our own is a resume token.
pub fn token(data: &[u8]) {
    let key = SigningKey { id: Uuid::from_bytes([7; 16]), key: vec![7; 64] };
    let (user, now) = (UserId(Uuid::from_bytes([3; 16])), 1_800_000_000);
    let _ = (WorkspaceId::from_wire(data), PeerId::from_wire(data), NodePublic::from_wire(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some((id, _)) = token::split(text) {
        assert_eq!((id.len(), text.len()), (token::ID_LENGTH, token::ID_LENGTH + 1 + token::SECRET_LENGTH));
        assert!(text.is_ascii() && text.starts_with(&id));
    }
    let hash = token::agent_hash(text);
    // A text that is no UUID has the hash that no row has.
    assert_eq!(hash == [0; 32], text.trim().parse::<Uuid>().is_err());
    assert!(!matches!(resume_token::verify(&key, text, user, now), Ok(Some(_))), "nobody forges a signature");
    assert!(!Secret::new("the right one").ct_eq(text) || text == "the right one");
    if let Ok(id) = text.parse::<WorkspaceId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(key) = text.parse::<NodePublic>() {
        assert_eq!((NodePublic::from_wire(&key.to_wire()), key.to_string()), (Ok(key), text.to_ascii_lowercase()));
    }
    let _ = text.parse::<DiscoPublic>();
}

/// Names are refused once, at the edge, or are harmless everywhere: in a path, a shell, a terminal, markup.
pub fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if names::is_good(text) {
        assert!(!text.is_empty() && text.len() <= names::LONGEST && !text.starts_with('-') && !text.ends_with('-'));
        assert!(text.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric()));
    }
    let found = Filter::parse(text);
    assert!(text.len() <= 1024 || found.is_err());
}
