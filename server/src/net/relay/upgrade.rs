//! `GET /derp`: turns a request into a relay connection (spec `derp-disco-stun.md` 2).
//!
//! ```text
//!  Upgrade: websocket + subprotocol derp ─► websocket messages as bytes
//!  Upgrade: DERP (or a websocket without it) ─► raw frames, `Derp-Public-Key` tells who we are
//!  anything else ─► 426
//! ```
//! No session token is asked for: a peer is known by its key, and only those who know the key can reach it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{GreetingError, Relay};

const DERP_VERSION: HeaderName = HeaderName::from_static("derp-version");
const DERP_PUBLIC_KEY: HeaderName = HeaderName::from_static("derp-public-key");
/// Name of the protocol in both upgrade forms.
const PROTOCOL: &str = "derp";

/// Answers `GET /derp`, and serves the relay connection that comes of it in a task of its own.
pub fn upgrade(relay: Arc<Relay>, mut request: Request) -> Response {
    let Some(variant) = Variant::of(request.headers()) else {
        return (StatusCode::UPGRADE_REQUIRED, "DERP requires connection upgrade").into_response();
    };
    let mut response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS).header(CONNECTION, "Upgrade");
    response = match &variant {
        Variant::Raw => response
            .header(UPGRADE, "DERP")
            .header(DERP_VERSION, proto::derp::VERSION)
            .header(DERP_PUBLIC_KEY, hex_of(&relay)),
        Variant::WebSocket { accept } => response
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_ACCEPT, accept.clone())
            .header(SEC_WEBSOCKET_PROTOCOL, PROTOCOL),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let served = match upgrade.await {
            Ok(upgraded) => serve(&relay, upgraded, &variant).await,
            Err(error) => return tracing::debug!(%error, "a relay connection could not be upgraded"),
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a relay connection was refused");
        }
    });
    response.body(Body::empty()).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn serve(relay: &Relay, upgraded: hyper::upgrade::Upgraded, variant: &Variant) -> Result<(), GreetingError> {
    if matches!(variant, Variant::WebSocket { .. }) {
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let (reader, writer) = tokio::io::split(rpc::websocket_io(socket, None));
        return relay.serve(reader, writer, Bytes::new()).await;
    }
    // The plain socket, when that is what is below: without the layers in between, reads and writes go straight to it.
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let socket = parts.io.into_inner();
            // Frames are small and answers are waited for; batching is done above.
            let _ = socket.set_nodelay(true);
            let (reader, writer) = socket.into_split();
            relay.serve(reader, writer, parts.read_buf).await
        }
        Err(upgraded) => {
            let (reader, writer) = tokio::io::split(TokioIo::new(upgraded));
            relay.serve(reader, writer, Bytes::new()).await
        }
    }
}

/// How a request wants to speak to the relay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Raw,
    WebSocket { accept: String },
}

impl Variant {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok())?.trim();
        if upgrade.eq_ignore_ascii_case("websocket") {
            let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
            let is_ours = offers.flat_map(|list| list.split(',')).any(|name| name.trim() == PROTOCOL);
            let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
            return match key {
                Some(key) if is_ours => Some(Self::WebSocket { accept: derive_accept_key(key) }),
                _ => Some(Self::Raw),
            };
        }
        upgrade.eq_ignore_ascii_case("derp").then_some(Self::Raw)
    }
}

fn hex_of(relay: &Relay) -> String {
    hex::encode(relay.public_key().0)
}
