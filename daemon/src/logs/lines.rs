//! Bytes of a program's output -> clean lines of text. Not for queueing or sending them.
//!
//! Lines end at `\n`, a `\r` before it is dropped; what is not UTF-8, and NUL, becomes `❌` (spec `agent-rpc.md` 6.4).
//! A line longer than [`MAX_LINE`] is cut and says how much is missing: programs print progress bars and binaries, and a
//! single line must not fill the queue.

/// Longest line kept: far above what people read, far below the queue of 1 MiB.
pub const MAX_LINE: usize = 64 * 1024;

/// What stands for bytes that no text can hold.
const REPLACEMENT: char = '\u{274C}';

/// Splits a stream of bytes into lines.
#[derive(Debug, Default)]
pub struct LineSplitter {
    line: Vec<u8>,
    cut: usize,
}

impl LineSplitter {
    /// Takes the next piece of the stream and hands over each line that it completes.
    pub fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(String)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            line(self.take());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// The last line, when the stream did not end with a newline.
    pub fn finish(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.line.len();
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.cut += bytes.len() - kept;
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let mut text = clean(line.strip_suffix(b"\r").unwrap_or(&line));
        let cut = std::mem::take(&mut self.cut);
        if cut > 0 {
            text.push_str(&format!(" … ({cut} bytes of this line were cut)"));
        }
        text
    }
}

/// Text from bytes, with [`REPLACEMENT`] for what is not UTF-8 and for NUL.
pub fn clean(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|c| if c == '\0' { REPLACEMENT } else { c }));
        if !chunk.invalid().is_empty() {
            text.push(REPLACEMENT);
        }
    }
    text
}
