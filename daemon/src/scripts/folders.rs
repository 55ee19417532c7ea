//! The folders and log files of scripts on disk, readable by their owner only (spec `agent-rpc.md` 6.7).
//! Not for what is written into them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use proto::id::LogSourceId;

/// Where scripts keep data, programs and logs.
#[derive(Debug, Clone)]
pub struct Folders {
    data: PathBuf,
    logs: PathBuf,
}

impl Folders {
    /// Below the folders that the configuration names.
    pub fn new(script_data_dir: &Path, log_dir: &Path) -> Self {
        Self { data: script_data_dir.join("coder-script-data"), logs: log_dir.to_owned() }
    }

    /// Log files.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// Programs that scripts install; first in `PATH` of every command.
    pub fn bin(&self) -> PathBuf {
        self.data.join("bin")
    }

    /// Makes the program folder and puts this program into it under the names that templates use, so that `coder` and
    /// `homeport` resolve inside a workspace whatever the file on disk is called.
    pub fn prepare(&self, executable: &Path) -> io::Result<()> {
        let bin = self.bin();
        create_folder(&bin)?;
        for name in ["coder", "homeport"] {
            let link = bin.join(name);
            if std::fs::read_link(&link).is_ok_and(|target| target == executable) {
                continue;
            }
            if link.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
                std::fs::remove_file(&link)?;
            }
            match std::os::unix::fs::symlink(executable, &link) {
                // A real file of that name is the user's own choice.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Makes and names the data folder of a script.
    pub fn of_script(&self, source: LogSourceId) -> io::Result<PathBuf> {
        let folder = self.data.join(source.to_string());
        create_folder(&folder)?;
        Ok(folder)
    }
}

fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens the log file of a script: a new run begins a new log.
pub fn create_log(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}
