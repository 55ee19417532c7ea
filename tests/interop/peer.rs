//! A Go program of `tests/peers` as a child of a test: built, started, read to its end. Not here: what it speaks.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tests::bench::peers;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a whole test with a peer may take.
const LIMIT: Duration = Duration::from_secs(120);

/// A built program, for as long as this is kept.
pub struct Program {
    path: PathBuf,
    folder: tempfile::TempDir,
}

impl Program {
    /// A folder of `tests/peers`, or the path of a package that its `go.mod` pins.
    pub fn build(package: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = peers::build(package, "peer", folder.path()).unwrap().expect("make interop needs Go");
        Self { path, folder }
    }

    /// Starts it; within a tokio runtime.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(&self.path);
        command.args(arguments).current_dir(self.folder.path()).kill_on_drop(true).stdin(Stdio::null());
        Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }
}

/// The running program, killed when this is dropped.
pub struct Running(Child);

impl Running {
    /// Waits for its end, wants success and no error in its log, and gives back what it printed.
    pub async fn end(self) -> String {
        let output = within(self.0.wait_with_output()).await.unwrap();
        let [said, logged] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(output.status.success() && !logged.contains("[ERR]"), "{}\n{said}\n{logged}", output.status);
        said
    }
}

/// The result of something that must not hang.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("the peer does not answer")
}
