//! The client end of a connection: one stream for each call.

use std::time::Duration;

use prost::Message;
use proto::drpc::Kind;
use tokio::time::timeout;

use crate::call::{CallReceiver, CallSender, Line};
use crate::yamux::{Mux, Role};
use crate::{Io, RpcError};

/// How long [`Client::unary`] waits for the answer.
const DEADLINE: Duration = Duration::from_secs(30);
/// The first call of a transport; each of our transports has one.
const FIRST_CALL: u64 = 1;

/// The client end of a connection: opens one stream per call. Cheap to clone; the connection ends when the last clone and
/// the last call are gone.
#[derive(Clone)]
pub struct Client {
    mux: Mux,
}

impl Client {
    /// Starts the yamux client on `io`; call it within a tokio runtime.
    pub fn new(io: impl Io) -> Self {
        Self { mux: Mux::new(io, Role::Client) }
    }

    /// One request, one answer, 30 s deadline.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn unary<Q: Message, A: Message + Default>(&self, name: &str, request: &Q) -> Result<A, RpcError> {
        self.unary_within(DEADLINE, name, request).await
    }

    /// One request, one answer, with a deadline of the caller. Dropping the future cancels the call.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn unary_within<Q: Message, A: Message + Default>(
        &self,
        deadline: Duration,
        name: &str,
        request: &Q,
    ) -> Result<A, RpcError> {
        let answer = async {
            let stream = self.mux.open().await?;
            let line = Line::new(stream, Role::Client, FIRST_CALL);
            let mut receiver = CallReceiver::of_stream(line.clone());
            let request = request.encode_to_vec();
            let packets = [(Kind::Invoke, name.as_bytes()), (Kind::Message, &request), (Kind::CloseSend, b"")];
            line.send(&packets).await?;
            let Some(answer) = receiver.next().await? else {
                return Err(RpcError::Protocol("the call ended without an answer".into()));
            };
            // The end nearly always comes with the answer; when it does not, dropping the call says Close.
            let _ = timeout(Duration::ZERO, receiver.next::<A>()).await;
            Ok(answer)
        };
        timeout(deadline, answer).await.unwrap_or(Err(RpcError::Deadline))
    }

    /// A call with streams both ways; for server streaming send one message and call [`CallSender::finish`]. Dropping both
    /// ends before the end cancels the call.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn stream(&self, name: &str) -> Result<(CallSender, CallReceiver), RpcError> {
        let stream = self.mux.open().await?;
        let line = Line::new(stream, Role::Client, FIRST_CALL);
        line.send(&[(Kind::Invoke, name.as_bytes())]).await?;
        Ok((CallSender::new(line.clone()), CallReceiver::of_stream(line)))
    }

    /// Resolves when the connection ended.
    pub async fn closed(&self) {
        self.mux.closed().await;
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.mux.close();
    }
}
