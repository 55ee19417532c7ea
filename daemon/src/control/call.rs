//! How a failed call to the server is taken: unsupported, refused for now, or the connection is gone. Unlike the daemons of
//! the field, one refused call never ends the connection (spec `agent-rpc.md` 6, point 4).

use std::time::Duration;

use rpc::{RpcError, UNIMPLEMENTED};

/// First pause after a refused call, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Whether the server does not have the call: then it is not asked again on this connection. Go servers say it in words.
pub fn is_unsupported(error: &RpcError) -> bool {
    matches!(error, RpcError::Remote { code, text } if *code == UNIMPLEMENTED || text.contains("unknown rpc"))
}

/// Growing pauses between tries of a refused call.
#[derive(Debug)]
pub struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(PAUSES.0)
    }
}

impl Pause {
    /// How long to wait now.
    pub fn next(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(PAUSES.1);
        now
    }
}
