//! A fuzzer's bytes as a script: numbers and pieces, in order, until there are no more. Not here: what they mean.

/// What is left of the bytes.
pub struct Script<'a>(pub &'a [u8]);

impl<'a> Script<'a> {
    /// The next byte; `None` ends the script.
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// The next two bytes as a number; what is missing counts as zero.
    pub fn number(&mut self) -> u16 {
        let high = self.byte().unwrap_or_default();
        u16::from_be_bytes([high, self.byte().unwrap_or_default()])
    }

    /// The next bytes, as many as there are of these.
    pub fn take(&mut self, length: usize) -> &'a [u8] {
        let (piece, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        piece
    }

    /// A piece with its length before it, of at most 255 bytes.
    pub fn piece(&mut self) -> &'a [u8] {
        let length = self.byte().unwrap_or_default();
        self.take(usize::from(length))
    }
}
