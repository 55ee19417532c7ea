//! The standing load: lines that are echoed one after the other, and a stream without end whose every byte is known.
//! Both say at once when a byte is wrong, missing, or there twice (N2). Not here: what is done to the network meanwhile.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tests::lab::Namespace;
use tests::payload;

/// Bytes of the stream that are made at once; it repeats after them.
const PATTERN: usize = 1 << 20;
/// What a client says first.
const ECHO: u8 = b'e';
const STREAM: u8 = b's';
/// A connection that is not there by then never comes.
const CONNECT: Duration = Duration::from_secs(15);
/// Silence that ends a stream: longer than any fault of these tests.
const SILENCE: Duration = Duration::from_secs(120);

/// What listens in the workspace's home.
pub struct Served {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    enough: AtomicBool,
    sent: AtomicU64,
}

impl Served {
    /// On loopback, as a program in a workspace would.
    pub fn start(home: &Namespace) -> Self {
        let listener = home.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let given = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let shared = Arc::clone(&given);
                // A client that goes away is no failure of the server.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { port, shared }
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut wanted = [0];
    stream.read_exact(&mut wanted)?;
    if wanted[0] == ECHO {
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            stream.write_all(&line)?;
            line.clear();
        }
        return Ok(());
    }
    let pattern = payload::bytes(9, PATTERN);
    let mut at = 0;
    while !shared.enough.load(Ordering::Acquire) {
        let piece = &pattern[at..(at + 4096).min(PATTERN)];
        let written = stream.write(piece)?;
        at = (at + written) % PATTERN;
        shared.sent.fetch_add(written as u64, Ordering::AcqRel);
    }
    Ok(())
}

/// What came so far, and what went wrong.
#[derive(Default)]
struct Progress {
    count: u64,
    wrong: Option<String>,
}

/// A client of [`Served`] on a thread of its own.
pub struct Client {
    progress: Arc<(Mutex<Progress>, Condvar)>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    stream: TcpStream,
    is_echo: bool,
}

impl Client {
    /// Lines, each sent when the one before came back.
    pub fn echo(home: &Namespace, to: Ipv6Addr, served: &Served) -> Self {
        Self::start(home, to, served, true)
    }

    /// The stream without end.
    pub fn stream(home: &Namespace, to: Ipv6Addr, served: &Served) -> Self {
        Self::start(home, to, served, false)
    }

    fn start(home: &Namespace, to: Ipv6Addr, served: &Served, is_echo: bool) -> Self {
        let to = SocketAddr::from((to, served.port));
        let mut stream = home.inside(|| TcpStream::connect_timeout(&to, CONNECT)).unwrap();
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&[if is_echo { ECHO } else { STREAM }]).unwrap();
        let progress = Arc::<(Mutex<Progress>, Condvar)>::default();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (stream, progress, stop) = (stream.try_clone().unwrap(), progress.clone(), stop.clone());
            std::thread::spawn(move || {
                let ended = if is_echo { talk(stream, &progress, &stop) } else { listen(stream, &progress) };
                if let Err(wrong) = ended {
                    lock(&progress).wrong = Some(wrong);
                }
                progress.1.notify_all();
            })
        };
        Self { progress, stop, thread: Some(thread), stream, is_echo }
    }

    /// Waits until something came that was not under way at this moment; how long after it that was.
    #[track_caller]
    pub fn goes_on(&self, since: Instant, limit: Duration) -> Duration {
        // Of lines one is under way at most; a stream that stood still has nothing under way.
        self.wait_for(if self.is_echo { 2 } else { 1 }, since, limit)
    }

    /// Waits until it flows as before: TCP has learned again how long the way is.
    #[track_caller]
    pub fn flows(&self, limit: Duration) -> Duration {
        self.wait_for(if self.is_echo { 10 } else { 100_000 }, Instant::now(), limit)
    }

    /// Waits until so many bytes more came, each of them right.
    #[track_caller]
    pub fn carries(&self, bytes: u64, limit: Duration) -> Duration {
        self.wait_for(bytes, Instant::now(), limit)
    }

    #[track_caller]
    fn wait_for(&self, more: u64, since: Instant, limit: Duration) -> Duration {
        let mut progress = lock(&self.progress);
        let goal = progress.count + more;
        while progress.count < goal {
            assert!(progress.wrong.is_none(), "the stream broke: {:?}", progress.wrong);
            let left = limit.saturating_sub(since.elapsed());
            assert!(!left.is_zero(), "the stream stands still for {limit:?} at {}", progress.count);
            let waited = self.progress.1.wait_timeout(progress, left);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        since.elapsed()
    }

    /// Ends it in order; how many lines or bytes came, all of them right.
    pub fn finish(mut self, served: &Served) -> u64 {
        self.stop.store(true, Ordering::Release);
        served.shared.enough.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
        let progress = lock(&self.progress);
        assert!(progress.wrong.is_none(), "after {}: {}", progress.count, progress.wrong.as_deref().unwrap_or(""));
        if !self.is_echo {
            assert_eq!(progress.count, served.shared.sent.load(Ordering::Acquire), "all that was sent came");
        }
        progress.count
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(progress: &(Mutex<Progress>, Condvar)) -> MutexGuard<'_, Progress> {
    progress.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(progress: &(Mutex<Progress>, Condvar), more: u64) {
    lock(progress).count += more;
    progress.1.notify_all();
}

fn talk(mut stream: TcpStream, progress: &(Mutex<Progress>, Condvar), stop: &AtomicBool) -> Result<(), String> {
    let mut answers = BufReader::new(stream.try_clone().map_err(|error| error.to_string())?);
    let mut number: u64 = 0;
    while !stop.load(Ordering::Acquire) {
        let line = format!("line {number}\n");
        stream.write_all(line.as_bytes()).map_err(|error| format!("{line:?} was not taken: {error}"))?;
        let mut answer = String::new();
        answers.read_line(&mut answer).map_err(|error| format!("no answer to {line:?}: {error}"))?;
        if answer != line {
            return Err(format!("{answer:?} came instead of {line:?}"));
        }
        number += 1;
        note(progress, 1);
    }
    Ok(())
}

fn listen(mut stream: TcpStream, progress: &(Mutex<Progress>, Condvar)) -> Result<(), String> {
    let pattern = payload::bytes(9, PATTERN);
    let mut at = 0;
    let mut block = vec![0; 1 << 16];
    loop {
        let room = (PATTERN - at).min(block.len());
        let read = match stream.read(&mut block[..room]) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.to_string()),
        };
        if block[..read] != pattern[at..at + read] {
            return Err(format!("other bytes than were sent, within {read} after {}", lock(progress).count));
        }
        at = (at + read) % PATTERN;
        note(progress, read as u64);
    }
}
