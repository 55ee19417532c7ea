//! The block of ours in an SSH configuration: its text, and how a file is changed without touching anything else.
//! Bytes in, bytes out; no file is opened here.

use std::collections::BTreeMap;

/// First line of the block.
pub const START: &str = "# ------------START-HOMEPORT-----------";
/// Last line of the block.
pub const END: &str = "# ------------END-HOMEPORT------------";

/// Why a file or a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The markers do not form one block.
    #[error("line {line} of the file has {what}")]
    Markers {
        /// Line number from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A path that the configuration language cannot carry.
    #[error("the path {0} has a quote, a backslash or a control character")]
    Path(String),
    /// A value that would end its line.
    #[error("the option {0} has a value that does not fit in a line")]
    Value(String),
}

/// What the block says.
#[derive(Debug, Clone)]
pub struct Block {
    /// This program.
    pub program: String,
    /// The configuration folder.
    pub folder: String,
    /// Suffix of host names, without a dot.
    pub suffix: String,
    /// Prefix of host names, with its dot; empty for none.
    pub prefix: String,
    /// More options for `homeport ssh`.
    pub ssh_flags: Vec<String>,
    /// Options of the deployment and of the person; they come first, because the first value counts.
    pub options: BTreeMap<String, String>,
}

/// Options that every host of ours gets: the mesh authenticates, host keys add nothing and change with rebuilds.
const OPTIONS: &[(&str, &str)] = &[
    ("ConnectTimeout", "0"),
    ("StrictHostKeyChecking", "no"),
    ("UserKnownHostsFile", "/dev/null"),
    ("LogLevel", "ERROR"),
];

impl Block {
    /// The lines of the block, markers included.
    pub fn lines(&self) -> Result<Vec<String>, BlockError> {
        let mut lines = vec![
            START.to_owned(),
            "# Written by `homeport config-ssh`; the next run replaces everything up to the last marker.".to_owned(),
        ];
        let run = format!("{} --global-config {} ssh --stdio", shell_word(&self.program)?, shell_word(&self.folder)?);
        let flags =
            self.ssh_flags.iter().map(|flag| Ok(format!(" {}", shell_word(flag)?))).collect::<Result<String, _>>()?;
        if !self.prefix.is_empty() {
            lines.push(format!("Host {}*", self.prefix));
            lines.extend(self.options()?);
            lines.push(format!("\tProxyCommand {run}{flags} --ssh-host-prefix {} %h", self.prefix));
        }
        if !self.suffix.is_empty() {
            lines.push(format!("Host *.{}", self.suffix));
            lines.extend(self.options()?);
            let probe = format!("{} connect exists %h", shell_word(&self.program)?);
            lines.push(format!("Match host *.{} !exec \"{probe}\"", self.suffix));
            lines.push(format!("\tProxyCommand {run}{flags} --hostname-suffix {} %h", self.suffix));
        }
        lines.push(END.to_owned());
        Ok(lines)
    }

    fn options(&self) -> Result<Vec<String>, BlockError> {
        let defaults = OPTIONS
            .iter()
            .filter(|(name, _)| !self.options.keys().any(|own| own.eq_ignore_ascii_case(name)))
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let own = self.options.iter().map(|(name, value)| (name.clone(), value.clone()));
        own.chain(defaults)
            .map(|(name, value)| {
                let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !is_word || value.is_empty() || value.chars().any(char::is_control) {
                    return Err(BlockError::Value(name));
                }
                Ok(format!("\t{name} {value}"))
            })
            .collect()
    }
}

/// A path as one word of the shell that OpenSSH gives the line to; `%` is OpenSSH's own sign.
fn shell_word(text: &str) -> Result<String, BlockError> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || matches!(c, '\'' | '"' | '\\')) {
        return Err(BlockError::Path(text.to_owned()));
    }
    let text = text.replace('%', "%%");
    let is_plain =
        |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '=' | ':' | '@' | ',' | '%');
    Ok(if text.chars().all(is_plain) { text } else { format!("'{text}'") })
}

/// The file with the block replaced, added, or (`None`) removed. Everything else keeps its bytes.
pub fn replace(file: &[u8], block: Option<&[String]>) -> Result<Vec<u8>, BlockError> {
    let end_of_line: &[u8] = if is_crlf(file) { b"\r\n" } else { b"\n" };
    let text: Vec<u8> =
        block.unwrap_or_default().iter().flat_map(|line| [line.as_bytes(), end_of_line].concat()).collect();
    if let Some((start, end)) = find(file)? {
        return Ok([&file[..start], &text, &file[end..]].concat());
    }
    if text.is_empty() {
        return Ok(file.to_vec());
    }
    let mut new = file.to_vec();
    if !new.is_empty() {
        if !new.ends_with(b"\n") {
            new.extend_from_slice(end_of_line);
        }
        new.extend_from_slice(end_of_line);
    }
    new.extend_from_slice(&text);
    Ok(new)
}

/// The lines of the block that is in the file now.
pub fn current(file: &[u8]) -> Result<Vec<String>, BlockError> {
    let Some((start, end)) = find(file)? else { return Ok(Vec::new()) };
    Ok(String::from_utf8_lossy(&file[start..end]).lines().map(str::to_owned).collect())
}

/// Byte range of the block, markers and the last line's end included.
fn find(file: &[u8]) -> Result<Option<(usize, usize)>, BlockError> {
    let (mut start, mut range, mut position) = (None, None, 0);
    for (index, line) in file.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let begin = position;
        position += line.len();
        let wrong = |what| Err(BlockError::Markers { line: index + 1, what });
        match line.trim_ascii() {
            marker if marker == START.as_bytes() => {
                if start.is_some() || range.is_some() {
                    return wrong("a second first marker");
                }
                start = Some((begin, index + 1));
            }
            marker if marker == END.as_bytes() => match start.take() {
                Some((begin, _)) => range = Some((begin, position)),
                None => return wrong("a last marker without a first one"),
            },
            _ => {}
        }
    }
    if let Some((_, line)) = start {
        return Err(BlockError::Markers { line, what: "a first marker without a last one" });
    }
    Ok(range)
}

/// Whether most lines end as on Windows.
fn is_crlf(file: &[u8]) -> bool {
    let lines = file.iter().filter(|byte| **byte == b'\n').count();
    let with_return = file.windows(2).filter(|pair| pair == b"\r\n").count();
    with_return * 2 > lines
}

/// What changes between two lists of lines: `-` gone, `+` new, two spaces kept.
pub fn difference(old: &[String], new: &[String]) -> Vec<String> {
    // Longest common subsequence by the textbook table: blocks have some twenty lines.
    let mut length = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, old_line) in old.iter().enumerate().rev() {
        for (j, new_line) in new.iter().enumerate().rev() {
            length[i][j] =
                if old_line == new_line { length[i + 1][j + 1] + 1 } else { length[i + 1][j].max(length[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(format!("  {}", old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || length[i + 1][j] >= length[i][j + 1]) {
            lines.push(format!("- {}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", new[j]));
            j += 1;
        }
    }
    lines
}
