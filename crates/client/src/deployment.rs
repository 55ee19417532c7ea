//! One deployment: where it is, who we are there, and how a request is sent. The calls themselves are in the files
//! named after their resource.

use std::time::Duration;

use proto::rest::SESSION_HEADER;
use proto::secret::Secret;
use reqwest::{Method, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::error::{ClientError, Refusal, origin};
use crate::{stream, tls};

/// A deployment that does not accept a connection in this time is as good as off.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The slowest answer worth waiting for; followed logs go over websockets and are not bound by it.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest answer: a list of some thousand workspaces with all their resources is 10 MiB.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// A URL as people type it: `dev.example.com` means https, and plain http for this computer. None when it is not the URL
/// of a deployment; one with a name or password in it is none, because it would be shown and logged.
#[must_use]
pub fn parse_url(text: &str) -> Option<Url> {
    let text = text.trim();
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        let host = text.split(['/', ':']).next().unwrap_or_default();
        let scheme = if host == "localhost" || host.starts_with("127.") { "http" } else { "https" };
        format!("{scheme}://{text}")
    };
    let url = Url::parse(&full).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_web && is_plain).then_some(url)
}

/// A deployment seen from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Deployment {
    url: Url,
    token: Option<Secret>,
    http: reqwest::Client,
}

impl Deployment {
    /// A deployment that we have a session at.
    ///
    /// # Errors
    /// [`ClientError::Request`] when the URL is not http(s) with a host.
    pub fn new(url: Url, token: Secret) -> Result<Self, ClientError> {
        Self::connect(url, Some(token))
    }

    /// A deployment without a session, for `buildinfo` and logging in.
    ///
    /// # Errors
    /// See [`Deployment::new`].
    pub fn anonymous(url: Url) -> Result<Self, ClientError> {
        Self::connect(url, None)
    }

    fn connect(url: Url, token: Option<Secret>) -> Result<Self, ClientError> {
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(ClientError::Request(format!("{} is not an http or https URL with a host", origin(&url))));
        }
        tls::install();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("homeport/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // The session token is our own header: an automatic redirect would carry it to a foreign host.
            .redirect(reqwest::redirect::Policy::none());
        if url.scheme() == "http" {
            builder = builder.tls_backend_preconfigured(tls::trusting_nobody());
        }
        if is_loopback(&url) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| ClientError::Request(error.to_string()))?;
        Ok(Self { url, token, http })
    }

    /// The access URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The session token, for the sockets.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The address of a resource; segments are escaped, so a name can never change the path.
    #[must_use]
    pub fn address(&self, segments: &[&str]) -> Url {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v2"]).extend(segments);
        }
        url
    }

    /// `GET` with query words.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, ClientError> {
        self.json(segments, self.request(Method::GET, segments)?.query(query)).await
    }

    /// `POST`, `PUT` or `PATCH` of a body, with an answer.
    pub(crate) async fn send<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        method: Method,
        segments: &[&str],
        body: &B,
    ) -> Result<T, ClientError> {
        self.json(segments, self.request(method, segments)?.json(body)).await
    }

    /// A call whose answer has no content that matters.
    pub(crate) async fn order(&self, method: Method, segments: &[&str]) -> Result<(), ClientError> {
        let response = self.request(method, segments)?.send().await.map_err(|error| self.unreachable(error))?;
        self.accepted(response).await.map(|_| ())
    }

    /// As [`Self::order`], with a body.
    pub(crate) async fn order_with<B: Serialize + Sync>(
        &self,
        method: Method,
        segments: &[&str],
        body: &B,
    ) -> Result<(), ClientError> {
        let request = self.request(method, segments)?.json(body);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        self.accepted(response).await.map(|_| ())
    }

    fn request(&self, method: Method, segments: &[&str]) -> Result<reqwest::RequestBuilder, ClientError> {
        let mut request = self.http.request(method, self.address(segments)).header(header::ACCEPT, "application/json");
        if let Some(token) = &self.token {
            let mut value = header::HeaderValue::from_str(token.expose()).map_err(|_| {
                ClientError::Request("the session token has characters that a header cannot carry".into())
            })?;
            value.set_sensitive(true);
            request = request.header(SESSION_HEADER, value);
        }
        Ok(request)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        request: reqwest::RequestBuilder,
    ) -> Result<T, ClientError> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let body = self.accepted(response).await?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Answer {
            url: origin(&self.url),
            what: segments.join("/"),
            reason: if body.first() == Some(&b'<') { "it is a web page".into() } else { error.to_string() },
        })
    }

    async fn accepted(&self, response: Response) -> Result<Vec<u8>, ClientError> {
        let status = response.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            let to = self.url.join(to).map_or_else(|_| "an unreadable place".into(), |to| origin(&to));
            return Err(ClientError::Redirected { url: origin(&self.url), to });
        }
        let body = self.body(response).await?;
        if status.is_success() { Ok(body) } else { Err(ClientError::Refused(Refusal::parse(status.as_u16(), &body))) }
    }

    pub(crate) async fn body(&self, mut response: Response) -> Result<Vec<u8>, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(ClientError::Answer {
                    url: origin(&self.url),
                    what: response.url().path().to_owned(),
                    reason: format!("it is longer than {MAX_ANSWER} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(crate) fn unreachable(&self, error: reqwest::Error) -> ClientError {
        // The error's own text repeats the URL; its causes say what happened.
        ClientError::unreachable(origin(&self.url), stream::by_proxy(&self.url, error.without_url()))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
