//! The environment of a command, assembled in layers. Pure: what the process inherits is an argument.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::os::user::Account;
use crate::session::Facts;

/// Used when nothing gives a `PATH`, as login programs do.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables clients send to us, not to the command.
const STRIPPED: [&str; 3] = ["CODER_SSH_SESSION_TYPE", "CODER_CONTAINER", "CODER_CONTAINER_USER"];

/// The variables of a command. Not `Debug`: they carry secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// All layers over `inherited`, lowest first.
    #[must_use]
    pub fn assemble(
        facts: &Facts,
        account: &Account,
        shell: Option<&Path>,
        inherited: BTreeMap<OsString, OsString>,
        extra: &[(String, String)],
    ) -> Self {
        let mut environment = Self { variables: inherited };
        for (name, value) in extra {
            environment.set(name, value);
        }
        environment.add_account(account, shell);
        environment.add_workspace(facts);
        for (name, value) in &facts.environment {
            let value = expand(value, |name| environment.text(name));
            environment.set(name, &value);
        }
        for secret in &facts.secrets {
            environment.set(&secret.name, secret.value.expose());
        }
        if !facts.executable.as_os_str().is_empty() {
            environment.set("GIT_ASKPASS", &facts.executable);
        }
        environment.set_path(facts);
        for name in STRIPPED {
            environment.variables.remove(OsStr::new(name));
        }
        environment
    }

    /// A variable as text, when it is set and is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.variables.get(OsStr::new(name)).and_then(|value| value.to_str()).map(str::to_owned)
    }

    #[must_use]
    pub fn into_variables(self) -> BTreeMap<OsString, OsString> {
        self.variables
    }

    /// Sets a variable. A name or value the operating system cannot carry is left out: it would stop the command.
    fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        let value = value.as_ref();
        let fits = !name.is_empty() && !name.contains(['=', '\0']) && !value.as_encoded_bytes().contains(&0);
        if fits {
            self.variables.insert(name.into(), value.to_owned());
        }
    }

    fn add_account(&mut self, account: &Account, shell: Option<&Path>) {
        self.set("USER", &account.name);
        self.set("LOGNAME", &account.name);
        if let Some(shell) = shell {
            self.set("SHELL", shell);
        }
        if self.variables.get(OsStr::new("HOME")).is_none_or(|home| home.is_empty()) {
            self.set("HOME", &account.home);
        }
    }

    fn add_workspace(&mut self, facts: &Facts) {
        self.set("CODER", "true");
        self.set("CODER_WORKSPACE_NAME", &facts.workspace_name);
        self.set("CODER_WORKSPACE_AGENT_NAME", &facts.agent_name);
        self.set("CODER_WORKSPACE_OWNER_NAME", &facts.owner);
        self.set("CODER_WORKSPACE_ID", facts.workspace_id.to_string());
        self.set("CS_DISABLE_GETTING_STARTED_OVERRIDE", "true");
        if let Some(token) = &facts.token {
            self.set("CODER_AGENT_TOKEN", token.expose());
        }
        if !facts.access_url.is_empty() && self.text("CODER_AGENT_URL").is_none() {
            self.set("CODER_AGENT_URL", &facts.access_url);
        }
        if !facts.executable.as_os_str().is_empty() {
            // Git gives this to a shell, so the path is quoted when it needs to be.
            let executable = quote(&facts.executable.to_string_lossy());
            self.set("GIT_SSH_COMMAND", format!("{executable} gitssh --"));
        }
        if !facts.vscode_proxy_uri.is_empty() {
            self.set("VSCODE_PROXY_URI", &facts.vscode_proxy_uri);
        }
    }

    /// Script folder first; the daemon's own folder last, so that `coder` is found.
    fn set_path(&mut self, facts: &Facts) {
        let path = self.variables.get(OsStr::new("PATH")).filter(|path| !path.is_empty()).cloned();
        let mut joined = OsString::new();
        let own = facts.executable.parent().filter(|folder| folder.is_absolute()).map(Path::as_os_str);
        let parts = facts
            .script_bin_dir
            .as_ref()
            .map(|folder| folder.as_os_str().to_owned())
            .into_iter()
            .chain([path.unwrap_or_else(|| DEFAULT_PATH.into())])
            .chain(own.map(OsStr::to_owned));
        for part in parts {
            if !joined.is_empty() {
                joined.push(":");
            }
            joined.push(part);
        }
        self.set("PATH", joined);
    }
}

/// Replaces `$NAME` and `${NAME}`; an unknown name becomes nothing, a lone `$` stays.
#[must_use]
pub fn expand(text: &str, lookup: impl Fn(&str) -> Option<String>) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        if let Some((name, tail)) = braced {
            out.push_str(&lookup(name).unwrap_or_default());
            rest = tail;
            continue;
        }
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        if end == 0 {
            out.push('$');
        } else {
            out.push_str(&lookup(&after[..end]).unwrap_or_default());
        }
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

/// A word a POSIX shell reads back as `text`.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
