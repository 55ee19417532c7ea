//! Websockets of the REST API that carry JSON: followed logs. The RPC services have their own files.

use std::time::Duration;

use futures_util::StreamExt;
use proto::rest::SESSION_HEADER;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream};
use url::Url;

use crate::deployment::Deployment;
use crate::error::{ClientError, Refusal, origin};
use crate::stream::{self, Stream};
use crate::tls;

/// Largest message: a batch of log lines; the server cuts a line at 64 KiB.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// A server that takes longer to accept a websocket is as good as away.
const OPEN_LIMIT: Duration = Duration::from_secs(30);

/// A websocket on which the server sends JSON values, one or more in each message.
pub struct JsonSocket<T> {
    socket: WebSocketStream<MaybeTlsStream<Stream>>,
    waiting: std::collections::VecDeque<T>,
    url: String,
    what: String,
}

impl<T: DeserializeOwned> JsonSocket<T> {
    /// Opens it. `query` holds no secret: the token goes in a header.
    pub(crate) async fn open(
        deployment: &Deployment,
        segments: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Self, ClientError> {
        let mut address = deployment.address(segments);
        address.query_pairs_mut().extend_pairs(query);
        let socket = dial(deployment, &mut address).await?;
        Ok(Self {
            socket,
            waiting: std::collections::VecDeque::new(),
            url: origin(deployment.url()),
            what: segments.join("/"),
        })
    }

    /// The next value; `None` when the server closed the stream as one that is complete.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection broke, [`ClientError::Answer`] for something else than JSON.
    pub async fn next(&mut self) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(value) = self.waiting.pop_front() {
                return Ok(Some(value));
            }
            let bytes = match self.socket.next().await {
                None | Some(Ok(Message::Close(_)) | Err(tungstenite::Error::ConnectionClosed)) => return Ok(None),
                Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                Some(Ok(_)) => continue,
                Some(Err(error)) => {
                    return Err(ClientError::unreachable(self.url.clone(), Box::new(error)));
                }
            };
            self.waiting = values(&bytes).map_err(|error| ClientError::Answer {
                url: self.url.clone(),
                what: self.what.clone(),
                reason: error.to_string(),
            })?;
        }
    }
}

/// A message holds one value, several values, or an array of them, depending on the endpoint.
fn values<T: DeserializeOwned>(bytes: &[u8]) -> Result<std::collections::VecDeque<T>, serde_json::Error> {
    let mut all = std::collections::VecDeque::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>() {
        match value? {
            serde_json::Value::Array(items) => {
                for item in items {
                    all.push_back(serde_json::from_value(item)?);
                }
            }
            item => all.push_back(serde_json::from_value(item)?),
        }
    }
    Ok(all)
}

pub(crate) async fn dial(
    deployment: &Deployment,
    address: &mut Url,
) -> Result<WebSocketStream<MaybeTlsStream<Stream>>, ClientError> {
    let secure = address.scheme() == "https";
    // Both are special schemes, so the change cannot fail.
    let _ = address.set_scheme(if secure { "wss" } else { "ws" });
    let mut request =
        address.as_str().into_client_request().map_err(|error| ClientError::Request(error.to_string()))?;
    if let Some(token) = deployment.token() {
        let value = token
            .expose()
            .parse()
            .map_err(|_| ClientError::Request("the session token has characters that a header cannot carry".into()))?;
        request.headers_mut().insert(SESSION_HEADER, value);
    }
    tls::install();
    let connector = if secure { None } else { Some(Connector::Plain) };
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let unreachable = |source| ClientError::unreachable(origin(deployment.url()), source);
    let opening = async {
        let stream = stream::open(deployment.url()).await.map_err(|error| unreachable(error.into()))?;
        match tokio_tungstenite::client_async_tls_with_config(request, stream, Some(config), connector).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                Err(ClientError::Refused(Refusal::parse(answer.status().as_u16(), body)))
            }
            Err(error) => Err(unreachable(error.into())),
        }
    };
    tokio::time::timeout(OPEN_LIMIT, opening).await.unwrap_or_else(|elapsed| Err(unreachable(elapsed.into())))
}

#[cfg(test)]
mod tests;
