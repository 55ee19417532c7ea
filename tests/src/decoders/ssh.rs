//! What the workspace daemon reads inside an SSH session and on the terminal port (catalogue B13). Not here: SSH itself,
//! which is `russh`'s.

use bytes::Bytes;
use daemon::pty::{header, input};
use daemon::ssh::sftp::wire;
use futures_util::FutureExt as _;

use super::script::Script;

/// Packets of SFTP: what is understood is no longer than what came, and keeps its id.
pub fn sftp(data: &[u8]) {
    use wire::Request;
    let Ok((id, request)) = wire::decode(Bytes::copy_from_slice(data)) else {
        assert!(data.len() < 5, "only a packet without an id is no packet");
        return;
    };
    assert_eq!(id.to_be_bytes(), data[1..5]);
    let paths = match request {
        Ok(Request::Rename { from, to } | Request::PosixRename { from, to } | Request::HardLink { from, to }) => {
            vec![from, to]
        }
        Ok(Request::Symlink { target, link }) => vec![target, link],
        Ok(Request::Open { path, .. } | Request::Lstat(path) | Request::Remove(path) | Request::RealPath(path)) => {
            vec![path]
        }
        _ => Vec::new(),
    };
    assert!(paths.iter().all(|path| path.len() <= data.len() && !path.contains(&0)));
}

/// The terminal port: the header, then input cut anywhere. Cutting changes nothing.
pub fn pty(data: &[u8]) {
    let mut stream = data;
    let header = header::read(&mut stream).now_or_never().expect("a slice is always ready");
    if header.is_ok() {
        assert!(stream.len() + 2 <= data.len());
    }
    let whole = inputs([data]);
    let mut script = Script(data);
    let cut = usize::from(script.number());
    let (first, second) = data.split_at(cut.min(data.len()));
    assert_eq!(inputs([first, second]), whole);
    assert_eq!(inputs(data.chunks(1)), whole);
}

/// All inputs up to the first that is none, and whether there was one.
fn inputs<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<input::Input>, bool) {
    let (mut decoder, mut found) = (input::Decoder::default(), Vec::new());
    for part in parts {
        decoder.push(part);
        loop {
            match decoder.next_input() {
                Ok(Some(input)) => found.push(input),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, false)
}
