//! Who this process is: name, ids, home folder, and the shell its account names. Not for changing users.
//!
//! `/etc/passwd` is read directly: the C library would load name-service modules, which a static binary cannot.

use std::collections::HashMap;
use std::path::PathBuf;

use nix::unistd::{Gid, Uid};

/// Largest passwd file that is read: a directory service that exports every user of a company stays far below.
const PASSWD_LIMIT: u64 = 8 * 1024 * 1024;

/// The account commands run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: PathBuf,
    /// What passwd names, if it names anything.
    pub shell: Option<PathBuf>,
}

impl Account {
    /// The account of this process. Home is what the environment says, because a provisioner gives each workspace its
    /// own; then passwd, then `/`. A user without passwd entry is named by the environment, else by number.
    #[must_use]
    pub fn current() -> Self {
        let (uid, gid) = (Uid::effective().as_raw(), Gid::effective().as_raw());
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        if let Some(account) = parse(&read_passwd(), uid) {
            return Self { home: home.unwrap_or(account.home), ..account };
        }
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            name: text("USER").or_else(|| text("LOGNAME")).unwrap_or_else(|| uid.to_string()),
            uid,
            gid,
            home: home.unwrap_or_else(|| PathBuf::from("/")),
            shell: None,
        }
    }
}

/// Names by id of a passwd or group file, for listings; the first of several wins, as the C library has it.
#[must_use]
pub fn names(file: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in file.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(id)) = (fields.next(), fields.next(), fields.next())
            && let Ok(id) = id.parse()
        {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

/// The text of the account file; empty where there is none.
#[must_use]
pub fn read_passwd() -> String {
    read("/etc/passwd")
}

/// The text of the group file; empty where there is none.
#[must_use]
pub fn read_groups() -> String {
    read("/etc/group")
}

fn read(path: &str) -> String {
    use std::io::Read;
    let Ok(file) = std::fs::File::open(path) else { return String::new() };
    let mut bytes = Vec::new();
    if file.take(PASSWD_LIMIT).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first entry with this user id: `name:password:uid:gid:comment:home:shell`.
fn parse(passwd: &str, uid: u32) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.trim_end_matches('\r').split(':');
        let (name, _password, id, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        if id.parse() != Ok(uid) || name.is_empty() {
            return None;
        }
        let (_comment, home, shell) = (fields.next()?, fields.next()?, fields.next().unwrap_or_default());
        Some(Account {
            name: name.to_owned(),
            uid,
            gid: gid.parse().ok()?,
            home: PathBuf::from(if home.is_empty() { "/" } else { home }),
            shell: (!shell.is_empty()).then(|| PathBuf::from(shell)),
        })
    })
}

#[cfg(test)]
mod tests;
