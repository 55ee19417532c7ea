//! A command line without a shell: images made of one program have none, and `ssh <workspace> -- /bin/program --flag`
//! needs none. Pure: splits into words as a shell would, or says that only a shell can do it. Expands nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Bytes that mean something to a shell outside of quotes.
const SPECIAL: &[u8] = b"|&;<>()$`*?[]{}#~!\n\r";
/// Bytes that mean something to a shell even inside of double quotes.
const SPECIAL_IN_QUOTES: &[u8] = b"$`!";

/// The words of a line that needs no shell: words, quotes and backslashes only. `None` when it needs one, is empty, or
/// ends in the middle of a quote.
#[must_use]
pub fn split(line: &OsStr) -> Option<Vec<OsString>> {
    let mut words: Vec<OsString> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut rest = line.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b' ' | b'\t' => words.extend(word.take().map(OsString::from_vec)),
            b'\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            b'"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            b'\\' => word.get_or_insert_default().push(rest.next().filter(|next| *next != b'\n')?),
            // `NAME=value program` sets a variable; as a later word it is a plain argument.
            b'=' if words.is_empty() => return None,
            byte if SPECIAL.contains(&byte) => return None,
            byte => word.get_or_insert_default().push(byte),
        }
    }
    words.extend(word.map(OsString::from_vec));
    words.first().is_some_and(|first| !first.is_empty()).then_some(words)
}

fn single_quoted(rest: &mut impl Iterator<Item = u8>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        match rest.next()? {
            b'\'' => return Some(()),
            byte => word.push(byte),
        }
    }
}

fn double_quoted(rest: &mut impl Iterator<Item = u8>, word: &mut Vec<u8>) -> Option<()> {
    loop {
        match rest.next()? {
            b'"' => return Some(()),
            b'\\' => match rest.next()? {
                byte @ (b'"' | b'\\' | b'$' | b'`') => word.push(byte),
                b'\n' => return None,
                byte => word.extend([b'\\', byte]),
            },
            byte if SPECIAL_IN_QUOTES.contains(&byte) => return None,
            byte => word.push(byte),
        }
    }
}

#[cfg(test)]
mod tests;
