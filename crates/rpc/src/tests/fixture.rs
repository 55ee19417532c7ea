//! A service for tests: every way in which a call can go, and word of the calls that were dropped. `tests` takes the same
//! file for its peers and fuzz targets. Not here: checks.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use rpc::{Call, RpcError, Service};
use tokio::sync::{Mutex, mpsc};

/// A message of one byte string.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Blob {
    /// The bytes.
    #[prost(bytes = "bytes", tag = "1")]
    pub data: Bytes,
}

/// A message of these bytes.
pub fn blob(data: &[u8]) -> Blob {
    Blob { data: Bytes::copy_from_slice(data) }
}

/// The error that the other end answers with.
pub fn remote(code: u64, text: &str) -> RpcError {
    RpcError::Remote { code, text: text.into() }
}

/// The service. The Go peer in `tests/peers/drpcpeer` has the same calls.
pub struct Probe {
    dropped: mpsc::UnboundedSender<&'static str>,
    drops: Mutex<mpsc::UnboundedReceiver<&'static str>>,
}

impl Probe {
    /// A service that no call was made of.
    pub fn new() -> Arc<Self> {
        let (dropped, drops) = mpsc::unbounded_channel();
        Arc::new(Self { dropped, drops: Mutex::new(drops) })
    }

    /// Waits until a call that waits for ever was dropped, and says which.
    pub async fn dropped(&self) -> Option<&'static str> {
        self.drops.lock().await.recv().await
    }
}

struct OnDrop(mpsc::UnboundedSender<&'static str>, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        // Nobody listens any more when the test is over.
        let _ = self.0.send(self.1);
    }
}

impl Service for Probe {
    fn call(&self, mut call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(async move {
            match call.name.as_str() {
                "/echo" => {
                    let request: Blob = call.request().await?;
                    call.sender.send(&request).await
                }
                "/each" => {
                    while let Some(message) = call.receiver.next::<Blob>().await? {
                        call.sender.send(&message).await?;
                    }
                    Ok(())
                }
                "/pour" => {
                    let count: Blob = call.request().await?;
                    for index in 0..count.data.len() {
                        call.sender.send(&blob(&vec![u8::try_from(index).unwrap_or_default(); 1 << 20])).await?;
                    }
                    Ok(())
                }
                "/fail" => Err(remote(7, "as asked")),
                "/fail later" => {
                    call.sender.send(&blob(b"one")).await?;
                    Err(remote(9, "after one"))
                }
                "/break" => Err(RpcError::Closed),
                "/nothing" => Ok(()),
                "/wait" => {
                    let _guard = OnDrop(self.dropped.clone(), "wait");
                    call.sender.send(&blob(b"started")).await?;
                    std::future::pending().await
                }
                "/dropped" => {
                    let what = self.dropped().await.unwrap_or_default();
                    call.sender.send(&blob(what.as_bytes())).await
                }
                other => Err(RpcError::unimplemented(other)),
            }
        })
    }
}
