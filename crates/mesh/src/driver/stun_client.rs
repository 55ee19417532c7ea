//! The STUN requests that are out, and the netcheck that waits for their answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use proto::stun::{self, TxId};
use tokio::sync::mpsc;

use crate::engine::StunAnswer;

/// Requests that are remembered: three tries at every server of a full check, with room.
const MAX_OPEN: usize = 256;

/// See the module.
#[derive(Default)]
pub struct StunClient {
    open: HashMap<TxId, (i32, SocketAddr, Instant)>,
    ear: Option<mpsc::Sender<StunAnswer>>,
}

impl StunClient {
    /// Whether a netcheck is under way.
    pub fn is_listening(&self) -> bool {
        self.ear.is_some()
    }

    /// A netcheck begins.
    pub fn listen(&mut self, ear: mpsc::Sender<StunAnswer>) {
        self.ear = Some(ear);
    }

    /// The netcheck is over: late answers are nobody's.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    /// The request to send.
    pub fn ask(&mut self, region: i32, server: SocketAddr, tx_id: TxId, now: Instant) -> [u8; stun::REQUEST] {
        if self.open.len() < MAX_OPEN {
            self.open.insert(tx_id, (region, server, now));
        }
        stun::request(tx_id)
    }

    /// A STUN packet arrived. It counts when it has the id of a request that is out.
    pub fn hear(&mut self, datagram: &[u8], now: Instant) {
        let Ok((tx_id, mapped)) = stun::parse_response(datagram) else { return };
        let Some((region, server, asked)) = self.open.remove(&tx_id) else { return };
        let latency = now.saturating_duration_since(asked);
        if let Some(ear) = &self.ear {
            let _ = ear.try_send(StunAnswer { region, server, mapped, latency });
        }
    }
}
