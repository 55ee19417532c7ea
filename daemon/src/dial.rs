//! How the daemon reaches its server: one websocket, as the workspace daemon that its token names. Not for waiting between
//! tries (see `control::backoff`).

use std::future::Future;

use client::agent_api::AgentApi;
use client::error::with_causes;
use http::{HeaderMap, HeaderName, HeaderValue};

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

impl Dial for ServerDial {
    async fn dial(&self) -> Result<rpc::Client, DialError> {
        let Config { access_url, token, .. } = &self.0;
        let api = AgentApi::dial(access_url, token, &headers(&self.0)).await;
        api.map(|api| api.client().clone()).map_err(|error| DialError(with_causes(&error)))
    }
}

fn headers(config: &Config) -> HeaderMap {
    let pairs = config.headers.iter();
    pairs
        .filter_map(|(key, value)| Some((HeaderName::try_from(key).ok()?, HeaderValue::try_from(value).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests;
