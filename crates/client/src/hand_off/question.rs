//! One question to a person in a browser, and what the answers mean. Pure: random bytes and requests are arguments.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::secret::Secret;
use sha2::{Digest as _, Sha256};
use url::Url;

/// Where the page is.
pub const PAGE: &str = "hand-off";
/// Letters of a state: 32 of them, none that looks like another.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Letters of the state that a person compares.
const WORD: usize = 4;
/// Random bytes that one question takes: for its state and for its verifier.
pub const RANDOM: usize = 64;
/// Longest code that is taken; ours have 32 characters.
pub(super) const MAX_CODE: usize = 256;

/// One question to a person. Each has a state and a verifier of its own.
#[derive(Debug)]
pub struct Question {
    pub(super) state: String,
    pub(super) verifier: Secret,
}

/// What came back to the listener.
#[derive(Debug)]
pub enum Verdict {
    /// The person said yes: the code to spend.
    Code(Secret),
    /// The person said no.
    Refused,
    /// Not the answer to this question: somebody else's page, an old tab. Waiting goes on.
    Foreign,
}

impl Question {
    /// The question that these random bytes make.
    #[must_use]
    pub fn of(random: &[u8; RANDOM]) -> Self {
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
        let state = random[..RANDOM / 2].iter().map(letter).collect();
        Self { state, verifier: Secret::new(URL_SAFE_NO_PAD.encode(&random[RANDOM / 2..])) }
    }

    /// The first letters of the state. Page and program both show them, so that a person sees that they belong together.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.state[..WORD]
    }

    /// The page of a deployment that asks it, for a listener on this port. No secret is in it.
    #[must_use]
    pub fn page(&self, deployment: &Url, port: u16) -> Url {
        let mut page = deployment.clone();
        page.set_fragment(None);
        if let Ok(mut path) = page.path_segments_mut() {
            path.pop_if_empty().push(PAGE);
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose().as_bytes()));
        page.query_pairs_mut()
            .clear()
            .append_pair("port", &port.to_string())
            .append_pair("state", &self.state)
            .append_pair("challenge", &challenge);
        page
    }

    /// What a request to the listener means: its method, its `Host` and its target.
    #[must_use]
    pub fn judge(&self, port: u16, method: &str, host: &str, target: &str) -> Verdict {
        // A page under a name of its own that leads to this computer sends that name.
        if method != "GET" || host != format!("127.0.0.1:{port}") {
            return Verdict::Foreign;
        }
        let Some(query) = target.strip_prefix("/?") else { return Verdict::Foreign };
        let (mut state, mut code, mut is_refused) = (None, None, false);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "state" => state = Some(value),
                "code" => code = Some(value),
                "refused" => is_refused = true,
                _ => {}
            }
        }
        if state.as_deref() != Some(self.state.as_str()) {
            return Verdict::Foreign;
        }
        match code.filter(|code| !code.is_empty() && code.len() <= MAX_CODE) {
            Some(code) => Verdict::Code(Secret::new(code.into_owned())),
            None if is_refused => Verdict::Refused,
            None => Verdict::Foreign,
        }
    }
}
