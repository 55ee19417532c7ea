//! How the daemon reaches its server: one websocket, as the workspace daemon that its token names. Not for waiting between
//! tries (see `control::backoff`).

use std::future::Future;
use std::time::Duration;

use client::error::{ClientError, Refusal};
use http::{HeaderName, HeaderValue};
use proto::rest::SESSION_HEADER;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{Connector, connect_async_tls_with_config, tungstenite};

use crate::config::Config;

/// Opens connections to the server; tests put a pipe in its place.
pub trait Dial: Send + Sync + 'static {
    /// Opens one.
    fn dial(&self) -> impl Future<Output = Result<rpc::Client, DialError>> + Send;
}

/// Why there is no connection. Its text has no secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DialError(pub String);

/// The real server.
pub struct ServerDial(pub Config);

/// The newest version we speak, and what to fall back to: with 2.4 everything we use is there, with 2.0 the essentials.
/// A server refuses what is newer than itself, and says no more than that (spec `agent-rpc.md` 1.2).
const VERSIONS: [&str; 3] = ["2.10", "2.4", "2.0"];
/// A server that accepts connections and never answers is as good as off.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A link that died silently is noticed after twice this.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Dial for ServerDial {
    async fn dial(&self) -> Result<rpc::Client, DialError> {
        let mut refusal = None;
        for version in VERSIONS {
            match tokio::time::timeout(TIMEOUT, open(&self.0, version)).await {
                Err(_) => return Err(DialError("the server does not answer".into())),
                Ok(Err(Refused::Version(text))) => refusal = Some(text),
                Ok(Err(Refused::Other(text))) => return Err(DialError(text)),
                Ok(Ok(client)) => return Ok(client),
            }
        }
        Err(DialError(refusal.unwrap_or_default()))
    }
}

enum Refused {
    Version(String),
    Other(String),
}

async fn open(config: &Config, version: &str) -> Result<rpc::Client, Refused> {
    let other = |text: String| Refused::Other(text);
    let mut url = config.access_url.clone();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    // Both schemes are special ones, so the change cannot fail.
    let _ = url.set_scheme(scheme);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["api", "v2", "workspaceagents", "me", "rpc"]);
    }
    url.query_pairs_mut().clear().append_pair("version", version).append_pair("role", "agent");
    let mut request = url.as_str().into_client_request().map_err(|error| other(error.to_string()))?;
    let headers = request.headers_mut();
    for (key, value) in &config.headers {
        if let (Ok(key), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            headers.insert(key, value);
        }
    }
    let mut token = HeaderValue::try_from(config.token.expose()).map_err(|_| other("the token is not one".into()))?;
    token.set_sensitive(true);
    headers.insert(SESSION_HEADER, token);
    client::tls::install();
    let connector = (scheme == "ws").then_some(Connector::Plain);
    match connect_async_tls_with_config(request, Some(rpc::websocket_config()), true, connector).await {
        Ok((socket, _)) => Ok(rpc::Client::new(rpc::websocket_io(socket, Some(KEEP_ALIVE)))),
        Err(tungstenite::Error::Http(answer)) => {
            let refusal = Refusal::parse(answer.status().as_u16(), answer.body().as_deref().unwrap_or_default());
            let is_version = refusal.status == 400 && refusal.is_about("version");
            let text = ClientError::Refused(refusal).to_string();
            Err(if is_version { Refused::Version(text) } else { Refused::Other(text) })
        }
        Err(error) => Err(other(format!("cannot reach {}: {error}", config.access_url.origin().ascii_serialization()))),
    }
}

#[cfg(test)]
mod tests;
