//! Upgrades of a connection: to a websocket, or to a protocol of our own name (`DERP`). What is said after is not here.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1::{Digest as _, Sha1};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::error::ApiError;

/// The bytes after an upgrade.
pub type Raw = TokioIo<Upgraded>;
/// A websocket after an upgrade.
pub type Socket = WebSocketStream<Raw>;

/// Appended to the key before hashing, RFC 6455 section 1.3.
const WEBSOCKET_MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Largest websocket message unless the caller gives another cap: watch and log streams read nothing big.
const MAX_MESSAGE: usize = 64 * 1024;

/// A request to speak websocket. Take it as the last extractor but the body, after the ones that check identity.
pub struct WebSocketUpgrade {
    on: OnUpgrade,
    accept: HeaderValue,
    protocols: Vec<String>,
    chosen: Option<HeaderValue>,
    config: WebSocketConfig,
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let no = |why: &str| ApiError::bad_request("A websocket was expected.").with_detail(why);
        if !asks_for(&parts.headers, "websocket") {
            return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, "A websocket was expected."));
        }
        if parts.headers.get("sec-websocket-version").is_none_or(|version| version != "13") {
            return Err(no("Sec-WebSocket-Version must be 13."));
        }
        let key = parts.headers.get(SEC_WEBSOCKET_KEY).ok_or_else(|| no("Sec-WebSocket-Key is missing."))?;
        let accept = accept_value(key.as_bytes()).ok_or_else(|| no("Sec-WebSocket-Key is wrong."))?;
        let protocols = listed(&parts.headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect();
        let on = parts.extensions.remove::<OnUpgrade>().ok_or_else(|| no("The connection cannot be upgraded."))?;
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        Ok(Self { on, accept, protocols, chosen: None, config })
    }
}

impl WebSocketUpgrade {
    /// Another cap on messages and frames.
    #[must_use]
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.config = self.config.max_message_size(Some(bytes)).max_frame_size(Some(bytes));
        self
    }

    /// Agrees to `protocol` when the client offers it.
    #[must_use]
    pub fn protocol(mut self, protocol: &'static str) -> Self {
        if self.protocols.iter().any(|offered| offered == protocol) {
            self.chosen = Some(HeaderValue::from_static(protocol));
        }
        self
    }

    /// Whether [`Self::protocol`] was agreed on.
    #[must_use]
    pub fn has_protocol(&self) -> bool {
        self.chosen.is_some()
    }

    /// Answers 101 and runs `serve` on the socket, in a task of its own.
    pub fn run<F, Fut>(self, serve: F) -> Response
    where
        F: FnOnce(Socket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let Self { on, accept, chosen, config, .. } = self;
        tokio::spawn(async move {
            match on.await {
                Ok(upgraded) => {
                    let raw = TokioIo::new(upgraded);
                    serve(WebSocketStream::from_raw_socket(raw, Role::Server, Some(config)).await).await;
                }
                Err(error) => tracing::debug!(%error, "a client left before its websocket began"),
            }
        });
        let mut headers = switching(HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(chosen) = chosen {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

/// A request for another protocol, with the bytes that follow it.
pub struct RawUpgrade(OnUpgrade);

impl RawUpgrade {
    /// Takes the upgrade out of a request that asks for `protocol` (compared without case).
    #[must_use]
    pub fn take(parts: &mut Parts, protocol: &str) -> Option<Self> {
        if !asks_for(&parts.headers, protocol) {
            return None;
        }
        parts.extensions.remove::<OnUpgrade>().map(Self)
    }

    /// Answers 101 with the protocol's name and `extra` headers, and runs `serve` in a task of its own.
    pub fn run<F, Fut>(self, protocol: &'static str, extra: HeaderMap, serve: F) -> Response
    where
        F: FnOnce(Raw) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        tokio::spawn(async move {
            match self.0.await {
                Ok(upgraded) => serve(TokioIo::new(upgraded)).await,
                Err(error) => tracing::debug!(%error, "a client left before its connection was upgraded"),
            }
        });
        let mut headers = switching(HeaderValue::from_static(protocol));
        headers.extend(extra);
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

/// Whether a request is a websocket handshake.
#[must_use]
pub fn is_websocket(headers: &HeaderMap) -> bool {
    asks_for(headers, "websocket")
}

fn switching(protocol: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, protocol);
    headers
}

fn asks_for(headers: &HeaderMap, protocol: &str) -> bool {
    listed(headers, &CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade"))
        && listed(headers, &UPGRADE).any(|word| word.eq_ignore_ascii_case(protocol))
}

fn listed<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// RFC 6455 section 4.2.2; none unless the key is 16 bytes in base64.
fn accept_value(key: &[u8]) -> Option<HeaderValue> {
    if BASE64.decode(key).ok()?.len() != 16 {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(WEBSOCKET_MAGIC).finalize();
    HeaderValue::from_str(&BASE64.encode(digest)).ok()
}

#[cfg(test)]
mod tests;
