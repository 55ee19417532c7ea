//! Takes out of a text what must not leave this computer: secrets, whether we know them or they only look like one, and
//! the names of people. Pure.
//!
//! ```text
//!  known secrets ► names and homes ► keys in PEM ► `password: …` ► parts of URLs ► ids ► whatever looks random
//! ```
//! The last step is what makes it safe by construction: a secret of a kind that nobody thought of looks random too.

/// Shorter secrets are not looked for literally: they would be found in ordinary words.
const LEAST_SECRET: usize = 8;
/// Runs of letters and digits from this length on are judged. Words of people are shorter or have no digits.
const LEAST_RUN: usize = 16;
/// A value below this length behind a revealing word is masked as well, except numbers that only count.
const LONGEST_COUNT: usize = 4;
/// Words that announce a secret, when they end a name.
const ANNOUNCING: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "cookie",
    "apikey",
    "api_key",
    "private_key",
    "privatekey",
    "credential",
    "credentials",
    "bearer",
];
const SECRET: &str = "<secret>";

/// What is known to be private on this computer.
#[derive(Default)]
pub struct Masker {
    secrets: Vec<String>,
    /// Home folders.
    homes: Vec<String>,
    /// Words and what stands for them.
    names: Vec<(String, &'static str)>,
    /// Ids, by their place in the order in which they were met, so that one can be followed through the files.
    ids: Vec<String>,
}

impl Masker {
    /// A secret to be masked wherever it stands.
    pub fn secret(&mut self, secret: &str) {
        if secret.len() >= LEAST_SECRET {
            self.secrets.push(secret.to_owned());
            self.secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
        }
    }

    /// A home folder.
    pub fn home(&mut self, folder: &str) {
        let folder = folder.trim_end_matches('/');
        if folder.len() > 1 {
            self.homes.push(folder.to_owned());
        }
    }

    /// The name of a person or of this computer. `root` and `localhost` name nobody.
    pub fn name(&mut self, name: &str, instead: &'static str) {
        let is_someone = !name.is_empty() && !["root", "localhost", "me"].contains(&name);
        if is_someone && self.names.iter().all(|(known, _)| known != name) {
            self.names.push((name.to_owned(), instead));
        }
    }

    /// The text without what is private.
    pub fn mask(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret, SECRET);
        }
        for home in &self.homes {
            text = replace_word(&text, home, "~", is_of_path);
        }
        text = others_homes(&text);
        for (name, instead) in &self.names {
            text = replace_word(&text, name, instead, is_of_name);
        }
        let mut is_in_key = false;
        let mut lines = Vec::new();
        for line in text.split('\n') {
            if let Some(line) = outside_of_keys(line, &mut is_in_key) {
                let line = announced(line);
                let line = urls(&line);
                lines.push(self.runs(&line));
            }
        }
        lines.join("\n")
    }

    /// Ids get a number each, and whatever looks random goes.
    fn runs(&mut self, line: &str) -> String {
        let mut masked = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find(is_of_run) {
            let (before, from) = rest.split_at(start);
            let end = from.find(|letter| !is_of_run(letter)).unwrap_or(from.len());
            let (run, after) = from.split_at(end);
            masked.push_str(before);
            masked.push_str(&self.run(run));
            rest = after;
        }
        masked.push_str(rest);
        masked
    }

    fn run(&mut self, run: &str) -> String {
        if let Some((before, id, after)) = id_in(run) {
            let number = self.ids.iter().position(|known| known.eq_ignore_ascii_case(id)).unwrap_or_else(|| {
                self.ids.push(id.to_owned());
                self.ids.len() - 1
            });
            return format!("{}<id {}>{}", self.run(before), number + 1, self.run(after));
        }
        if looks_random(run) { SECRET.to_owned() } else { run.to_owned() }
    }
}

/// Replaces a text where no letter of its kind stands beside it.
fn replace_word(text: &str, word: &str, instead: &str, is_of_word: fn(char) -> bool) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, from) = rest.split_at(at);
        let after = &from[word.len()..];
        let touches = before.chars().next_back().or_else(|| replaced.chars().next_back()).is_some_and(is_of_word)
            || after.chars().next().is_some_and(is_of_word);
        replaced.push_str(before);
        replaced.push_str(if touches { word } else { instead });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

const fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
}

const fn is_of_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')
}

/// Whoever else has a home here.
fn others_homes(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/home/") {
        let (before, from) = rest.split_at(at + "/home/".len());
        let end = from.find(|letter| !is_of_path(letter)).unwrap_or(from.len());
        masked.push_str(before);
        masked.push_str(if end == 0 { "" } else { "<user>" });
        rest = &from[end..];
    }
    masked.push_str(rest);
    masked
}

/// The line, one mark for a whole key in PEM, or nothing inside of it.
fn outside_of_keys<'a>(line: &'a str, is_in_key: &mut bool) -> Option<&'a str> {
    let begins = line.contains("-----BEGIN ");
    let was_in_key = std::mem::replace(is_in_key, begins || *is_in_key);
    if line.contains("-----END ") {
        *is_in_key = false;
    }
    match (was_in_key, begins) {
        (true, _) => None,
        (false, true) => Some("<key>"),
        (false, false) => Some(line),
    }
}

/// Masks what stands behind a word that announces a secret: `password=…`, `"token": "…"`, `Authorization: Bearer …`.
fn announced(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find([':', '=']) {
        let (before, from) = rest.split_at(at);
        let name = before.trim_end_matches(['"', '\'', ' ']).to_ascii_lowercase();
        let word = name.rsplit(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or("");
        let announcing = ANNOUNCING.iter().find(|known| word.ends_with(*known));
        masked.push_str(before);
        let Some(announcing) = announcing.filter(|_| !from.starts_with("://")) else {
            masked.push_str(&from[..1]);
            rest = &from[1..];
            continue;
        };
        let value = from[1..].trim_start_matches([' ', '"', '\'', '\\']);
        masked.push_str(&from[..from.len() - value.len()]);
        // Headers go to the end of the line, for their values have spaces.
        let is_header = matches!(*announcing, "authorization" | "cookie");
        let is_end =
            |letter: char| matches!(letter, '"' | '\'' | ',' | '&' | ';' | '}' | ')') || letter.is_whitespace();
        let end = if is_header { value.len() } else { value.find(is_end).unwrap_or(value.len()) };
        let counts = end <= LONGEST_COUNT && value[..end].chars().all(|letter| letter.is_ascii_digit());
        masked.push_str(if end == 0 || counts { &value[..end] } else { SECRET });
        rest = &value[end..];
    }
    masked.push_str(rest);
    masked
}

/// Takes user, query and fragment out of every URL.
fn urls(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, from) = rest.split_at(at + 3);
        let end = from.find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>'));
        let (url, after) = from.split_at(end.unwrap_or(from.len()));
        let (url, has_query) = match url.find(['?', '#']) {
            Some(end) => (&url[..end], true),
            None => (url, false),
        };
        let path = url.find('/').unwrap_or(url.len());
        let (host, path) = url.split_at(path);
        let (user, host) = host.rsplit_once('@').map_or(("", host), |(_, host)| ("<user>@", host));
        masked.extend([before, user, host, path, if has_query { "?<query>" } else { "" }]);
        rest = after;
    }
    masked.push_str(rest);
    masked
}

const fn is_of_run(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '+' | '/' | '=')
}

/// A UUID in a run, with what stands before and behind it.
fn id_in(run: &str) -> Option<(&str, &str, &str)> {
    const LENGTH: usize = 36;
    (0..(run.len() + 1).saturating_sub(LENGTH)).find_map(|start| {
        let id = &run[start..start + LENGTH];
        let fits = |(place, byte): (usize, u8)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        id.bytes().enumerate().all(fits).then(|| (&run[..start], id, &run[start + LENGTH..]))
    })
}

/// Whether a run is what no person wrote: one long part with letters and digits, or one that changes its kind of letter
/// so often as only chance does.
fn looks_random(run: &str) -> bool {
    let parts = || run.split(['-', '_', '/', '+', '=']);
    let is_mixed = |part: &str| {
        let has = |kind: fn(&char) -> bool| part.chars().any(|letter| kind(&letter));
        part.len() >= LEAST_RUN && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    };
    if parts().any(is_mixed) {
        return true;
    }
    let kinds: Vec<u8> = run.chars().filter_map(kind).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    kinds.len() >= LEAST_RUN && changes * 3 >= kinds.len()
}

const fn kind(letter: char) -> Option<u8> {
    match letter {
        'a'..='z' => Some(0),
        'A'..='Z' => Some(1),
        '0'..='9' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
pub mod tests;
