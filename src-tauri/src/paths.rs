//! Where files are: the folders of the XDG base directory specification. The environment is an argument.

use std::path::PathBuf;

use client::sessions::Store;

/// Our folders.
#[derive(Debug, Clone)]
pub struct Paths {
    /// `~/.config`.
    pub config: PathBuf,
    /// `~/.local/share`.
    pub share: PathBuf,
    /// This computer as a workspace elsewhere.
    pub reachable: Option<client::reachable::Files>,
    /// The person's own.
    pub home: PathBuf,
    /// `~/.local/state/homeport`, for logs.
    pub state: PathBuf,
    /// The data folder of this computer's server.
    pub data: PathBuf,
    /// For sockets; private to this user and gone after the session.
    pub runtime: PathBuf,
}

impl Paths {
    /// `None` without a home folder.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = |name: &str, rest: &str| set(name).or_else(|| Some(set("HOME")?.join(rest)));
        let state = home("XDG_STATE_HOME", ".local/state")?.join("homeport");
        Some(Self {
            config: home("XDG_CONFIG_HOME", ".config")?,
            home: set("HOME").unwrap_or_else(|| state.clone()),
            // Without a session manager the logs' folder is ours alone as well.
            runtime: client::instance::folder(&variable)?,
            state,
            share: home("XDG_DATA_HOME", ".local/share")?,
            reachable: client::reachable::Files::of(&variable),
            data: client::sessions::local::data_folder(variable)?,
        })
    }

    pub fn settings(&self) -> PathBuf {
        self.config.join("homeport/desktop.json")
    }

    pub fn server_log(&self) -> PathBuf {
        self.state.join("server.log")
    }

    /// Where the desktop reads of programs, icons and links.
    pub fn places(&self) -> crate::install::Places {
        crate::install::Places { data: self.share.clone(), config: self.config.clone() }
    }

    /// The log of this program.
    pub fn own_log(&self) -> PathBuf {
        self.state.join("desktop.log")
    }

    /// Where a person looks for a file that was just made.
    pub fn downloads(&self) -> PathBuf {
        crate::bundle::folder(&self.config, &self.home)
    }

    pub fn autostart(&self) -> PathBuf {
        self.config.join("autostart").join(crate::autostart::FILE)
    }

    /// Sessions, where the command line keeps them too.
    pub fn sessions(&self) -> Store {
        Store::personal(self.config.join("homeport"), Some(self.config.join("coderv2")))
    }

    /// Files whose change may mean another session.
    pub fn session_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = ["homeport", "coderv2"]
            .iter()
            .flat_map(|folder| {
                ["url", "session", "accounts.json", "sessions"].map(|file| self.config.join(folder).join(file))
            })
            .collect();
        files.push(self.data.join(client::sessions::local::FILE));
        files
    }

    /// Where `homeport connect start --userspace` listens.
    pub fn userspace_socket(&self) -> PathBuf {
        self.runtime.join("userspace.sock")
    }
}
