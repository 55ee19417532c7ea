//! A name server for one name, on a loopback address of its own: proves that a program asked DNS and nothing else.
//! Not a resolver for anybody: it answers A questions for that name, and "nothing of that kind" to all others.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Largest question that is read: DNS over UDP has 512 bytes without an extension.
const MAX_QUESTION: usize = 512;
/// Bytes of a DNS head.
const HEAD: usize = 12;

/// A running name server; it ends with the process.
pub struct Resolver {
    address: Ipv4Addr,
    answered: Arc<AtomicUsize>,
}

impl Resolver {
    /// Answers on port 53 of `address` (a loopback one) that `name` is `target`. Needs root, as port 53 does.
    pub fn start(address: Ipv4Addr, name: &str, target: Ipv4Addr) -> Self {
        assert!(address.is_loopback(), "tests stay on loopback");
        let socket = UdpSocket::bind((address, 53)).unwrap_or_else(|error| panic!("{address}:53: {error}"));
        let answered = Arc::new(AtomicUsize::new(0));
        let (wanted, count) = (wire_name(name), Arc::clone(&answered));
        std::thread::spawn(move || {
            let mut question = [0; MAX_QUESTION];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                let Some((answer, is_ours)) = answer(&question[..length], &wanted, target) else { continue };
                if is_ours {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                let _ = socket.send_to(&answer, from);
            }
        });
        Self { address, answered }
    }

    /// What belongs into `/etc/resolv.conf`.
    pub fn configuration(&self) -> String {
        format!("nameserver {}\n", self.address)
    }

    /// How many addresses it gave.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

/// A name as the wire has it: length and label, again and again, then zero.
fn wire_name(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.split('.') {
        wire.push(u8::try_from(label.len()).unwrap());
        wire.extend(label.to_ascii_lowercase().bytes());
    }
    wire.push(0);
    wire
}

/// The answer to a question, and whether it has an address.
fn answer(question: &[u8], wanted: &[u8], target: Ipv4Addr) -> Option<(Vec<u8>, bool)> {
    let body = question.get(HEAD..)?;
    let end = body.iter().position(|byte| *byte == 0)? + 1;
    let asked = body.get(..end + 4)?;
    let is_name = asked[..end].eq_ignore_ascii_case(wanted);
    let is_ours = is_name && asked[end..] == [0, 1, 0, 1];
    // An answer, recursion available; a name of others does not exist.
    let code = if is_name { 0 } else { 3 };
    let mut answer = vec![question[0], question[1], 0x81, 0x80 | code, 0, 1, 0, u8::from(is_ours), 0, 0, 0, 0];
    answer.extend(asked);
    if is_ours {
        // The name is the one at byte 12; A, IN, 60 seconds, four bytes.
        answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(target.octets());
    }
    Some((answer, is_ours))
}
