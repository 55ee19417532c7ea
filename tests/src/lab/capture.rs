//! What leaves a machine: a capture at the far end of its uplink, from the first packet of a test to its last. Dropping
//! it ends the test: nothing for our prefix and no question that names our suffix may have come by.
//!
//! It is `tcpdump` with a filter of the kernel, on every link of the far end, so that a link which goes down and comes
//! back does not end it. Whether it still sees is proven by a mark, the last thing that is sent.

use std::io::{BufRead, BufReader, Read};
use std::net::Ipv6Addr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proto::address::is_in_tunnel;

use super::Namespace;
use super::emulator::FRAME_HEAD;
use crate::sabotaged;

/// Our prefix as source, target or subject of a neighbour's question; and every way in which names are asked.
const FILTER: &str = "ip6 net fd60:627a:a42b::/48 or (icmp6 and (ip6[40] == 135 or ip6[40] == 136)) \
                      or port 53 or port 5353 or port 5355";
/// The same ports, where frames are looked at without a kernel's filter.
const NAME_PORTS: [u16; 3] = [53, 5353, 5355];
/// The label that must not be in a question.
const SUFFIX: &[u8] = b"\x05coder";
/// Bytes of pcap's head and of the head of each packet; the largest packet that is believed.
const FILE_HEAD: usize = 24;
const PACKET_HEAD: usize = 16;
const LARGEST: usize = 1 << 18;
/// How often a mark is sent, one second each, before the capture counts as blind.
const MARKS: usize = 20;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running capture; it judges when it is dropped.
pub struct Capture {
    tcpdump: Child,
    packets: Receiver<Vec<u8>>,
    errors: BufReader<ChildStderr>,
    near: String,
    far_address: String,
    is_judged: bool,
}

impl Capture {
    /// Captures what `far` gets from others. `far_address` is where `near` sends the mark to.
    pub fn start(far: &Namespace, near: &Namespace, far_address: &str) -> Self {
        let mut command = far.command("tcpdump");
        // Marks and questions are small; a name stands in the first bytes of its packet, but a stream may begin with many.
        command.args(["-n", "-U", "--immediate-mode", "-Z", "root", "-i", "any", "-Q", "in", "-s", "2000", "-w", "-"]);
        let mut tcpdump = command.arg(FILTER).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut errors = BufReader::new(tcpdump.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            assert_ne!(errors.read_line(&mut line).unwrap(), 0, "tcpdump did not start");
        }
        let (sender, packets) = channel();
        let stdout = tcpdump.stdout.take().unwrap();
        std::thread::spawn(move || {
            let _ = forward(stdout, &|packet| sender.send(packet).is_ok());
        });
        let (near, far_address) = (near.name().to_owned(), far_address.to_owned());
        Self { tcpdump, packets, errors, near, far_address, is_judged: false }
    }

    /// Ends the capture; what should not have been seen.
    pub fn leaks(&mut self) -> Vec<String> {
        self.is_judged = true;
        if sabotaged("K3") {
            self.send("\\005coder");
        }
        let mark = format!("end of capture {} {}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut found = Vec::new();
        let mut marks = 0;
        self.send(&mark);
        loop {
            match self.packets.recv_timeout(Duration::from_secs(1)) {
                Ok(packet) if contains(&packet, mark.as_bytes()) => break,
                Ok(packet) => found.extend(complaint(&packet)),
                Err(_) if marks < MARKS => {
                    marks += 1;
                    self.send(&mark);
                }
                Err(_) => panic!("the capture did not see its own mark: it is blind"),
            }
        }
        kill(Pid::from_raw(i32::try_from(self.tcpdump.id()).unwrap()), Signal::SIGINT).unwrap();
        let mut said = String::new();
        self.errors.read_to_string(&mut said).unwrap();
        assert!(said.contains("\n0 packets dropped by kernel"), "the capture has holes: {said}");
        let _ = self.tcpdump.wait();
        found
    }

    /// A datagram to the far end's name service.
    fn send(&self, text: &str) {
        let line = format!("printf '{text}' >/dev/udp/{}/53", self.far_address);
        // No route for a moment: it is sent again.
        let _ = Command::new("ip").args(["netns", "exec", &self.near, "bash", "-c", &line]).output();
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if !std::thread::panicking() && !self.is_judged {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "{} packets left the machine that must not: {leaks:#?}", leaks.len());
        }
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}

/// Reads a pcap stream to its end. What is passed on begins with the IP head.
fn forward(mut stream: ChildStdout, each: &dyn Fn(Vec<u8>) -> bool) -> std::io::Result<()> {
    let mut head = [0; FILE_HEAD];
    stream.read_exact(&mut head)?;
    let number = |bytes: &[u8]| u32::from_ne_bytes(bytes.try_into().unwrap());
    // Linux "cooked" heads, which captures on all links have: version 2, or 1.
    let link_head = match number(&head[20..24]) {
        276 => 20,
        113 => 16,
        other => panic!("tcpdump's link type {other}"),
    };
    loop {
        let mut head = [0; PACKET_HEAD];
        stream.read_exact(&mut head)?;
        let length = usize::try_from(number(&head[8..12])).unwrap();
        assert!(length <= LARGEST, "a packet of {length} bytes");
        let mut packet = vec![0; length];
        stream.read_exact(&mut packet)?;
        if !each(packet.split_off(link_head.min(length))) {
            return Ok(());
        }
    }
}

/// What is wrong with a packet that was seen, if anything.
fn complaint(packet: &[u8]) -> Option<String> {
    let address = |at: usize| packet.get(at..at + 16).map(|bytes| Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap()));
    if packet.first().is_some_and(|byte| byte >> 4 == 6) {
        let is_neighbours = packet.get(6) == Some(&58) && matches!(packet.get(40), Some(135 | 136));
        let subject = if is_neighbours { address(48) } else { None };
        let places = [address(8), address(24), subject];
        if let Some(ours) = places.into_iter().flatten().find(|place| is_in_tunnel(*place)) {
            return Some(format!("a packet from, to or about {ours}: {}", shown(packet)));
        }
    }
    contains(&packet.to_ascii_lowercase(), SUFFIX).then(|| format!("a question for our suffix: {}", shown(packet)))
}

/// Whether a frame on a cable is a question, or an answer, that names our suffix.
pub(super) fn asks_for_ours(frame: &[u8]) -> bool {
    let Some(packet) = frame.get(FRAME_HEAD..) else { return false };
    let (protocol, head) = match (packet.first().map_or(0, |byte| byte >> 4), packet.len()) {
        (4, 20..) => (packet[9], usize::from(packet[0] & 15) * 4),
        (6, 40..) => (packet[6], 40),
        _ => return false,
    };
    let port = |at: usize| packet.get(head + at..head + at + 2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    matches!(protocol, 6 | 17)
        && [port(0), port(2)].iter().flatten().any(|port| NAME_PORTS.contains(port))
        && contains(&packet.to_ascii_lowercase(), SUFFIX)
}

fn contains(packet: &[u8], part: &[u8]) -> bool {
    packet.windows(part.len()).any(|window| window == part)
}

/// What of a packet can be read.
fn shown(packet: &[u8]) -> String {
    packet.iter().take(160).map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect()
}
