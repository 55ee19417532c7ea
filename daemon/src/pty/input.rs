//! What a client types: JSON objects one after the other without separators, cut anywhere. Pure. Not for the terminal.

use serde::Deserialize;

/// Largest object: a paste of this size, which browsers send in one piece.
pub const OBJECT_LIMIT: usize = 4 * 1024 * 1024;

/// One object; what is absent says nothing, and a zero size changes nothing.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Input {
    pub data: String,
    pub height: u32,
    pub width: u32,
}

/// Why a client cannot be understood any more.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error("the terminal client sent something that is not a JSON object")]
    NotAnObject,
    #[error("the terminal client sent an object of more than {OBJECT_LIMIT} bytes")]
    TooLarge,
    #[error("the terminal client sent an object that says something else")]
    Malformed(#[source] serde_json::Error),
}

/// Finds the objects in a stream. Looks at each byte once, however it is cut.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Bytes already looked at.
    seen: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Decoder {
    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole object, if there is one.
    pub fn next_input(&mut self) -> Result<Option<Input>, InputError> {
        if self.seen == 0 {
            let blank = self.bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.bytes.drain(..blank);
        }
        while let Some(&byte) = self.bytes.get(self.seen) {
            self.seen += 1;
            if self.look(byte)? {
                let object: Vec<u8> = self.bytes.drain(..std::mem::take(&mut self.seen)).collect();
                return serde_json::from_slice(&object).map(Some).map_err(InputError::Malformed);
            }
            if self.seen > OBJECT_LIMIT {
                return Err(InputError::TooLarge);
            }
        }
        Ok(None)
    }

    /// Takes one byte; true when it ends an object.
    fn look(&mut self, byte: u8) -> Result<bool, InputError> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(false);
        }
        match byte {
            b'{' => self.depth += 1,
            _ if self.depth == 0 => return Err(InputError::NotAnObject),
            b'"' => self.in_string = true,
            b'}' => self.depth -= 1,
            _ => {}
        }
        Ok(self.depth == 0)
    }
}

#[cfg(test)]
mod tests;
