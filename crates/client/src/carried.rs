//! Calls and streams of the dashboard's own pages, carried as they are for a window of this computer: what is asked and
//! answered is text that is not looked into. Not here: which of them are allowed.

use futures_util::{SinkExt, StreamExt};
use http::Method;
use proto::rest::SESSION_HEADER;
use reqwest::header;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::Url;

use crate::deployment::Deployment;
use crate::error::{ClientError, origin};
use crate::socket;
use crate::stream::Stream;

/// What a deployment answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status, whatever it is.
    pub status: u16,
    /// At most 32 MiB.
    pub body: Vec<u8>,
}

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// Bytes: the screen of a terminal.
    Bytes(Vec<u8>),
}

/// An open stream.
pub struct Carried {
    socket: WebSocketStream<MaybeTlsStream<Stream>>,
    url: String,
}

impl Deployment {
    /// One call. `path` is what follows `/api/v2`, begins with a slash, and may have a query; `body` is JSON. A status
    /// that means failure is an answer too.
    ///
    /// # Errors
    /// [`ClientError::Request`] when the path leads elsewhere, [`ClientError::Unreachable`], [`ClientError::Answer`] when
    /// the answer is too long.
    pub async fn carry(&self, method: Method, path: &str, body: Option<String>) -> Result<Answer, ClientError> {
        let mut request = self.http().request(method, self.below(path)?).header(header::ACCEPT, "application/json");
        if let Some(token) = self.token() {
            let mut value = header::HeaderValue::from_str(token.expose()).map_err(|_| {
                ClientError::Request("the session token has characters that a header cannot carry".into())
            })?;
            value.set_sensitive(true);
            request = request.header(SESSION_HEADER, value);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: self.body(response).await? })
    }

    /// Opens a stream; `path` as in [`Self::carry`].
    ///
    /// # Errors
    /// As [`Self::carry`]; [`ClientError::Refused`] when the deployment does not open it.
    pub async fn carry_stream(&self, path: &str) -> Result<Carried, ClientError> {
        let mut address = self.below(path)?;
        Ok(Carried { socket: socket::dial(self, &mut address).await?, url: origin(self.url()) })
    }

    /// The address of a path of the interface, and of nothing else.
    fn below(&self, path: &str) -> Result<Url, ClientError> {
        let elsewhere = || ClientError::Request("the path leads out of the interface".into());
        let base = self.address(&[]);
        let address = Url::parse(&format!("{}{path}", base.as_str().trim_end_matches('/'))).map_err(|_| elsewhere())?;
        // Dots that lead upwards are resolved by now.
        let is_below = path.starts_with('/')
            && address.origin() == base.origin()
            && address.username().is_empty()
            && address.path().starts_with(&format!("{}/", base.path().trim_end_matches('/')));
        if is_below { Ok(address) } else { Err(elsewhere()) }
    }
}

impl Carried {
    /// The next message; `None` when the deployment closed the stream as one that is complete.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection broke.
    pub async fn next(&mut self) -> Result<Option<Part>, ClientError> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(_))) | Some(Err(tungstenite::Error::ConnectionClosed)) => return Ok(None),
                // An end without a word of it is a break.
                None => return Err(self.broken(tungstenite::Error::ConnectionClosed)),
                Some(Ok(Message::Text(text))) => return Ok(Some(Part::Text(text.as_str().to_owned()))),
                Some(Ok(Message::Binary(bytes))) => return Ok(Some(Part::Bytes(bytes.to_vec()))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.broken(error)),
            }
        }
    }

    /// Sends text.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] when the connection broke.
    pub async fn send(&mut self, text: String) -> Result<(), ClientError> {
        self.socket.send(Message::text(text)).await.map_err(|error| self.broken(error))
    }

    /// Says that nothing more comes.
    pub async fn close(&mut self) {
        let _ = self.socket.close(None).await;
    }

    fn broken(&self, error: tungstenite::Error) -> ClientError {
        ClientError::unreachable(self.url.clone(), Box::new(error))
    }
}

#[cfg(test)]
mod tests;
