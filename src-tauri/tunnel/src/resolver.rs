//! The name server inside the device: `fd60:627a:a42b::53`, UDP and TCP port 53. Packets in, packets out; pure.
//!
//! Datagrams are answered where they are read, because programs ask before every connection; streams go through the
//! user-space TCP stack and are rare. Not here: which names exist and what is answered (`mesh::names`).

use std::collections::HashMap;
use std::net::SocketAddrV6;
use std::task::Poll;
use std::time::{Duration, Instant};

use mesh::names::{Directory, Transport, answer};
use mesh::stack::{Event, FlowId, Stack, Stranger, datagram};
use proto::address::DNS_SERVER;
use proto::dns::MAX_QUERY;

use crate::packet::{self, Head};

#[cfg(test)]
mod tests;

/// Where names are asked.
pub const PORT: u16 = 53;
/// Most connections at once, as the field has it.
pub const MAX_STREAMS: usize = 256;
/// A connection without a query for this long is closed.
pub const IDLE: Duration = Duration::from_secs(45);
/// Unread answers of one connection; a program that asks without reading is cut off.
const MAX_UNREAD: usize = 64 * 1024;

/// The datagram that answers a query; `None` when nothing must be said.
pub fn answer_datagram(packet: &[u8], head: &Head, directory: &Directory) -> Option<Vec<u8>> {
    let packet::Transport::Udp { from, to: PORT } = head.transport else { return None };
    let reply = answer(packet::datagram_data(packet)?, directory, Transport::Udp)?;
    let here = SocketAddrV6::new(DNS_SERVER, PORT, 0, 0);
    Some(datagram(here, SocketAddrV6::new(head.source, from, 0, 0), &reply))
}

/// Names over TCP. Echo requests to the server's address are answered as well.
pub struct Streams {
    stack: Stack,
    open: HashMap<FlowId, Stream>,
}

struct Stream {
    asked: Vec<u8>,
    unread: Vec<u8>,
    /// They will ask nothing more.
    is_over: bool,
    last: Instant,
}

impl Streams {
    /// No connection yet; `random` makes sequence numbers unpredictable.
    pub fn new(random: u64, now: Instant) -> Self {
        let mut stack = Stack::new(vec![DNS_SERVER], Stranger::Refuse, random, now);
        // The only port of a fresh stack cannot be taken.
        let _ = stack.listen(PORT);
        Self { stack, open: HashMap::new() }
    }

    /// Takes a packet to the server's address in.
    pub fn handle_packet(&mut self, packet: &[u8], now: Instant) {
        let opens = packet::read(packet)
            .is_some_and(|head| matches!(head.transport, packet::Transport::Tcp { opens: true, .. }));
        if !opens || self.stack.connections() < MAX_STREAMS {
            self.stack.handle_packet(packet, now);
        }
    }

    /// Answers what was asked and hands out packets. Called after packets came in, and when [`Streams::next_timeout`] is
    /// due.
    pub fn poll(&mut self, directory: &Directory, now: Instant, sink: &mut dyn FnMut(&[u8])) {
        self.close_idle(now);
        loop {
            while self.stack.poll(now, sink) {}
            let mut is_quiet = true;
            while let Some(event) = self.stack.poll_event() {
                is_quiet = false;
                match event {
                    Event::Accepted { flow, .. } => {
                        let stream = Stream { asked: Vec::new(), unread: Vec::new(), is_over: false, last: now };
                        self.open.insert(flow, stream);
                        self.serve(flow, directory, now);
                    }
                    Event::Readable(flow) | Event::Writable(flow) => self.serve(flow, directory, now),
                    Event::Asked { .. } | Event::UdpReadable(_) | Event::Stray { .. } => {}
                }
            }
            if is_quiet && !self.stack.has_output() {
                return;
            }
        }
    }

    /// When [`Streams::poll`] must be called at the latest.
    pub fn next_timeout(&self) -> Option<Instant> {
        let idle = self.open.values().map(|stream| stream.last + IDLE).min();
        self.stack.poll_timeout().into_iter().chain(idle).min()
    }

    fn close_idle(&mut self, now: Instant) {
        let idle = self.open.iter().filter(|(_, stream)| now.saturating_duration_since(stream.last) >= IDLE);
        let idle: Vec<FlowId> = idle.map(|(flow, _)| *flow).collect();
        for flow in idle {
            self.leave(flow, now);
        }
    }

    fn leave(&mut self, flow: FlowId, now: Instant) {
        self.open.remove(&flow);
        self.stack.leave(flow, now);
    }

    fn serve(&mut self, flow: FlowId, directory: &Directory, now: Instant) {
        let Some(stream) = self.open.get_mut(&flow) else { return };
        if stream.serve(&mut self.stack, flow, directory, now).is_none() {
            self.leave(flow, now);
        } else if stream.is_over && stream.unread.is_empty() {
            self.stack.close_write(flow);
            self.leave(flow, now);
        }
    }
}

impl Stream {
    /// Reads, answers and writes what can be; `None` when the connection is of no more use.
    fn serve(&mut self, stack: &mut Stack, flow: FlowId, directory: &Directory, now: Instant) -> Option<()> {
        let mut buffer = [0; 2048];
        while !self.is_over {
            match stack.read(flow, &mut buffer, now) {
                Poll::Ready(Ok(0)) => self.is_over = true,
                Poll::Ready(Ok(count)) => {
                    self.asked.extend_from_slice(buffer.get(..count)?);
                    self.answer(directory, now)?;
                }
                Poll::Ready(Err(_)) => return None,
                Poll::Pending => break,
            }
        }
        while !self.unread.is_empty() {
            match stack.write(flow, &self.unread) {
                Poll::Ready(Ok(count)) => drop(self.unread.drain(..count)),
                Poll::Ready(Err(_)) => return None,
                Poll::Pending => break,
            }
        }
        Some(())
    }

    /// Answers every whole query; a length of more than any query, or a message that must not be answered, ends it.
    fn answer(&mut self, directory: &Directory, now: Instant) -> Option<()> {
        while let Some((head, rest)) = self.asked.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*head));
            if length > MAX_QUERY {
                return None;
            }
            let Some(query) = rest.get(..length) else { break };
            let reply = answer(query, directory, Transport::Tcp)?;
            self.unread.extend_from_slice(&u16::try_from(reply.len()).ok()?.to_be_bytes());
            self.unread.extend_from_slice(&reply);
            self.asked.drain(..2 + length);
            self.last = now;
            if self.unread.len() > MAX_UNREAD {
                return None;
            }
        }
        Some(())
    }
}
