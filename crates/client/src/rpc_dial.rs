//! Dials the websocket under an RPC service and says whether a refusal can pass. Not here: the calls, and when to redial.

use std::time::Duration;

use proto::agent::ApiVersion;
use proto::rest::SESSION_HEADER;
use proto::secret::Secret;
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, http};
use url::Url;

use crate::cause::Cause;
use crate::error::{Refusal, chain, origin};
use crate::{stream, tls};

/// A server that takes longer to accept a websocket is as good as away.
const DIAL_LIMIT: Duration = Duration::from_secs(30);

/// Why an RPC service could not be dialled. "Permanent" holds for the first dial of a program; a service that was reached
/// once is worth every further try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The server forgot the resume token: throw it away and dial again without one.
    #[error("the resume token is no longer valid")]
    ResumeToken,
    /// The server refused, and will refuse again (400, 401, 403, 404, 409).
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The request could not be built: a URL without a host, a token with control characters.
    #[error("cannot build the request: {0}")]
    Request(String),
    /// The server refused for now (any other status).
    #[error("{}", .0.message)]
    Unavailable(Refusal),
    /// Nothing answered, or not with a websocket. The text says why; what the source says is for logs.
    #[error("cannot reach {url}: {}", Cause::of(source.as_ref()))]
    Unreachable {
        /// Scheme, host and port only.
        url: String,
        /// Why, in the words of libraries.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DialError {
    /// Whether the same request will fail again.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Request(_))
    }

    /// Whether the server does not know the API version that we asked for.
    pub(crate) fn is_about_version(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 400 && refusal.is_about("version"))
    }

    pub(crate) fn of(status: u16, body: &[u8]) -> Self {
        let refusal = Refusal::parse(status, body);
        match status {
            401 if refusal.is_about("resume_token") => Self::ResumeToken,
            400 | 401 | 403 | 404 | 409 => Self::Refused(refusal),
            _ => Self::Unavailable(refusal),
        }
    }
}

/// What to dial.
pub(crate) struct Target<'a> {
    pub(crate) access_url: &'a Url,
    /// Below the access URL's own path.
    pub(crate) path: &'a str,
    pub(crate) version: ApiVersion,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) token: &'a Secret,
    pub(crate) headers: &'a http::HeaderMap,
}

impl Target<'_> {
    fn request(&self) -> Result<http::Request<()>, DialError> {
        let mut address = self.access_url.clone();
        address.set_path(&format!("{}{}", self.access_url.path().trim_end_matches('/'), self.path));
        address.set_fragment(None);
        address.query_pairs_mut().clear().append_pair("version", &self.version.to_string()).extend_pairs(self.query);
        // All four are special schemes, so the change cannot fail; anything else is refused by the connection.
        let _ = address.set_scheme(if self.is_secure() { "wss" } else { "ws" });
        // The library's own words would repeat the URL, which can hold a resume token.
        let mut request =
            address.as_str().into_client_request().map_err(|_| DialError::Request("the URL has no host".into()))?;
        request.headers_mut().extend(self.headers.clone());
        let mut token: http::HeaderValue = self
            .token
            .expose()
            .parse()
            .map_err(|_| DialError::Request("the token has characters that a header cannot carry".into()))?;
        token.set_sensitive(true);
        request.headers_mut().insert(SESSION_HEADER, token);
        Ok(request)
    }

    fn is_secure(&self) -> bool {
        matches!(self.access_url.scheme(), "https" | "wss")
    }

    /// Opens the websocket and starts the RPC client on it.
    pub(crate) async fn dial(&self) -> Result<rpc::Client, DialError> {
        let request = self.request()?;
        tls::install();
        let connector = if self.is_secure() { None } else { Some(Connector::Plain) };
        let unreachable = |source: Box<dyn std::error::Error + Send + Sync>| {
            let url = origin(self.access_url);
            tracing::debug!(url, error = chain(source.as_ref()), "cannot reach a deployment");
            DialError::Unreachable { url, source }
        };
        let connecting = async {
            let stream = stream::open(self.access_url).await.map_err(|error| unreachable(error.into()))?;
            let config = Some(rpc::websocket_config());
            match tokio_tungstenite::client_async_tls_with_config(request, stream, config, connector).await {
                Ok((socket, _)) => Ok(rpc::Client::new(rpc::websocket_io(socket, None))),
                Err(tungstenite::Error::Http(answer)) => {
                    Err(DialError::of(answer.status().as_u16(), answer.body().as_deref().unwrap_or_default()))
                }
                Err(error) => Err(unreachable(error.into())),
            }
        };
        let limited = tokio::time::timeout(DIAL_LIMIT, connecting).await;
        limited.unwrap_or_else(|elapsed| Err(unreachable(elapsed.into())))
    }
}

#[cfg(test)]
mod tests;
