//! Watches the state of a tunnel service as the tray and `homeport connect status` do.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use proto::ipc::{Call, Event, Frames, FromService, Request, frame};

/// Reads events until one is wanted; how long that took.
#[track_caller]
pub fn watch_until(socket: &Path, limit: Duration, mut wanted: impl FnMut(&Event) -> bool) -> Duration {
    let start = Instant::now();
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(b"homeport-tunnel 1.0\n").unwrap();
    stream.write_all(&frame::encode(&Request { id: 1, call: Call::Watch }).unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (mut frames, mut greeting, mut piece, mut seen) = (Frames::default(), Vec::new(), [0; 4096], Vec::new());
    loop {
        assert!(start.elapsed() < limit, "not within {limit:?}; events: {seen:#?}");
        let read = match stream.read(&mut piece) {
            Ok(0) => panic!("the service closed the connection; events: {seen:#?}"),
            Ok(read) => &piece[..read],
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        };
        // The service's line first, up to its end.
        let rest = match read.iter().position(|byte| *byte == b'\n').filter(|_| !greeting.ends_with(b"\n")) {
            Some(end) => {
                greeting.extend(&read[..=end]);
                &read[end + 1..]
            }
            None if !greeting.ends_with(b"\n") => {
                greeting.extend(read);
                continue;
            }
            None => read,
        };
        frames.push(rest);
        while let Some(message) = frames.take::<FromService>().unwrap() {
            let FromService::Event(event) = message else { continue };
            if wanted(&event) {
                return start.elapsed();
            }
            seen.push(event);
        }
    }
}
