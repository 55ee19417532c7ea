//! A cable between two namespaces that is as bad as wanted: a TAP at each end and a thread that carries frames through
//! an [`Emulator`]. The far end can be pulled out and plugged in elsewhere. Not here: what a bad line does.

use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tun_rs::{DeviceBuilder, InterruptEvent, Layer, SyncDevice};

use super::Namespace;
use super::capture::asks_for_ours;
use super::emulator::{Conditions, Counts, Emulator, FRAME_HEAD, Way};

/// Longest frame: an Ethernet head and what a usual link carries.
const LONGEST_FRAME: usize = FRAME_HEAD + 1500;
/// Frames that [`Wire::record`] keeps; more would be a mistake of the test.
const RECORD: usize = 200_000;

/// A running cable; both TAPs vanish when it is dropped.
pub struct Wire {
    line: Arc<Line>,
    near: End,
    far: Option<End>,
    carrier: Option<JoinHandle<()>>,
}

struct Line {
    start: Instant,
    state: Mutex<State>,
    changed: Condvar,
    /// Packets from or to the mesh's addresses in clear text, and questions for our suffix: there must be none, whatever
    /// happens.
    leaked: AtomicU64,
}

struct State {
    emulator: Emulator,
    ends: [Option<Arc<SyncDevice>>; 2],
    record: Option<Vec<(Way, Vec<u8>)>>,
    is_over: bool,
}

/// One TAP and the thread that reads it.
struct End {
    stop: Arc<(AtomicBool, InterruptEvent)>,
    reader: Option<JoinHandle<()>>,
}

impl Wire {
    /// Makes `near` in one namespace and `far` in another, and joins them. The seed decides all luck.
    pub fn new(near: (&Namespace, &str), far: (&Namespace, &str), seed: u64) -> Self {
        let state = State { emulator: Emulator::new(seed), ends: [None, None], record: None, is_over: false };
        let line = Arc::new(Line {
            start: Instant::now(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            leaked: AtomicU64::new(0),
        });
        let carrier = {
            let line = Arc::clone(&line);
            std::thread::spawn(move || line.carry())
        };
        let near = End::open(near, &line, Way::Up);
        let far = Some(End::open(far, &line, Way::Down));
        Self { line, near, far, carrier: Some(carrier) }
    }

    /// Pulls the far end out and plugs it in here.
    pub fn plug(&mut self, far: (&Namespace, &str)) {
        self.far = None;
        self.far = Some(End::open(far, &self.line, Way::Down));
    }

    /// How the line is from now on.
    pub fn set(&self, conditions: Conditions) {
        self.line.lock().emulator.set(conditions);
    }

    /// Cuts it for so long; returns when it is whole again.
    pub fn cut_for(&self, length: Duration) -> Instant {
        let until = Instant::now() + length;
        let mut state = self.line.lock();
        state.emulator.cut_until(until - self.line.start);
        loop {
            let now = Instant::now();
            if now >= until {
                return now;
            }
            let waited = self.line.changed.wait_timeout(state, until - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What became of frames so far.
    pub fn counts(&self) -> Counts {
        self.line.lock().emulator.counts()
    }

    /// Keeps a copy of every frame that enters from now on.
    pub fn record(&self) {
        self.line.lock().record = Some(Vec::new());
    }

    /// The frames since [`Wire::record`], with the way they went.
    pub fn recorded(&self) -> Vec<(Way, Vec<u8>)> {
        self.line.lock().record.take().unwrap_or_default()
    }

    /// Packets of the mesh in clear text and questions for our suffix that were seen, both ways.
    pub fn leaked(&self) -> u64 {
        self.line.leaked.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.line.lock().is_over = true;
        self.line.changed.notify_all();
        if let Some(carrier) = self.carrier.take() {
            let _ = carrier.join();
        }
        self.far = None;
        self.near.end();
        self.line.lock().ends = [None, None];
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn offer(&self, way: Way, frame: &[u8]) {
        if is_of_the_mesh(frame) || asks_for_ours(frame) {
            self.leaked.fetch_add(1, Ordering::Relaxed);
        }
        let now = self.start.elapsed();
        let mut state = self.lock();
        if let Some(record) = state.record.as_mut().filter(|record| record.len() < RECORD) {
            record.push((way, frame.to_vec()));
        }
        let next = state.emulator.next_due();
        state.emulator.offer(way, frame.to_vec(), now);
        if state.emulator.next_due() != next {
            self.changed.notify_all();
        }
    }

    /// Hands out frames when they are due, until all is over.
    fn carry(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let now = self.start.elapsed();
            if let Some((way, frame)) = state.emulator.poll(now) {
                let end = match way {
                    Way::Up => state.ends[1].clone(),
                    Way::Down => state.ends[0].clone(),
                };
                drop(state);
                // A link that is down takes nothing, as a cable into it would.
                if let Some(end) = end {
                    let _ = end.send(&frame);
                }
                state = self.lock();
                continue;
            }
            state = match state.emulator.next_due() {
                Some(due) => {
                    let waited = self.changed.wait_timeout(state, due.saturating_sub(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl End {
    fn open((namespace, name): (&Namespace, &str), line: &Arc<Line>, way: Way) -> Self {
        let tap = namespace.inside(|| {
            let builder = DeviceBuilder::new().name(name).layer(Layer::L2).mtu(1500).inherit_enable_state();
            let builder = builder.mac_addr(mac(namespace.name()));
            let tap = builder.build_sync().unwrap_or_else(|error| panic!("TAP {name}: {error}"));
            tap.set_nonblocking(true).unwrap();
            Arc::new(tap)
        });
        line.lock().ends[way as usize] = Some(Arc::clone(&tap));
        let stop = Arc::new((AtomicBool::new(false), InterruptEvent::new().unwrap()));
        let (line, asked) = (Arc::clone(line), Arc::clone(&stop));
        let reader = std::thread::spawn(move || {
            read(&tap, &asked, &mut |frame| line.offer(way, frame));
            let mut state = line.lock();
            if state.ends[way as usize].as_ref().is_some_and(|end| Arc::ptr_eq(end, &tap)) {
                state.ends[way as usize] = None;
            }
        });
        Self { stop, reader: Some(reader) }
    }

    fn end(&mut self) {
        self.stop.0.store(true, Ordering::Release);
        let _ = self.stop.1.trigger();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.end();
    }
}

/// The same plug has the same address each time, as neighbours may remember it.
fn mac(namespace: &str) -> [u8; 6] {
    let mut number: u32 = 0;
    for byte in namespace.bytes() {
        number = number.wrapping_mul(31).wrapping_add(u32::from(byte));
    }
    let [a, b, c, d] = number.to_be_bytes();
    // Locally administered, one station.
    [2, 0, a, b, c, d]
}

fn read(tap: &SyncDevice, stop: &(AtomicBool, InterruptEvent), each: &mut dyn FnMut(&[u8])) {
    let mut frame = [0; LONGEST_FRAME];
    while !stop.0.load(Ordering::Acquire) {
        match tap.recv(&mut frame) {
            Ok(length) => each(&frame[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let _ = tap.wait_readable_intr(&stop.1);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Its namespace is gone, or its link is down: nothing comes from there until that changes.
            Err(_) if !stop.0.load(Ordering::Acquire) => std::thread::yield_now(),
            Err(_) => return,
        }
    }
}

/// Whether a frame carries an IPv6 packet from or to the mesh.
fn is_of_the_mesh(frame: &[u8]) -> bool {
    let Some(packet) = frame.get(FRAME_HEAD..).filter(|packet| packet.len() >= 40 && frame[12..14] == [0x86, 0xdd])
    else {
        return false;
    };
    let address = |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&packet[at..at + 16]).unwrap());
    [8, 24].into_iter().any(|at| proto::address::is_mesh(address(at)))
}
