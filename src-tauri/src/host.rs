//! The server of this computer as a child that may outlive us: started, found again, stopped, its log kept.
//!
//! A server is believed only by its lock: the kernel says which process holds the lock of the data folder, and the session
//! file must name that process. So no token ever goes to a stranger on a port that a dead server left.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use client::installed;
use client::sessions::file::{make_private_folder, read_short};
use client::sessions::local;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::event::Event;
use crate::hosting::HostNews;
use crate::paths::Paths;
use crate::sessions::Sessions;

const PROGRAM: &str = "homeport-server";
/// The first workspace, as everywhere in the product.
const FIRST_WORKSPACE: &str = "box";
/// A log beyond this is put aside at the next start; one older log is kept.
const MAX_LOG: u64 = 5 * 1024 * 1024;
/// Between two looks at a server that starts, or that is no child of ours.
const LOOK: Duration = Duration::from_millis(50);
const SLOW_LOOK: Duration = Duration::from_millis(500);
/// A server that has not written its session by then will not.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Its workspaces run their stop scripts first.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// What is asked of the host.
#[derive(Debug)]
pub enum Order {
    Start { after: Duration },
    Stop,
}

/// Follows orders until nobody gives any more.
pub fn follow(paths: Paths, sessions: Sessions, events: mpsc::Sender<Event>) -> (mpsc::Sender<Order>, JoinHandle<()>) {
    let (orders, waiting) = mpsc::channel(16);
    (orders, tokio::spawn(Host { paths, sessions, events, orders: waiting }.run()))
}

struct Host {
    paths: Paths,
    sessions: Sessions,
    events: mpsc::Sender<Event>,
    orders: mpsc::Receiver<Order>,
}

/// A running server.
enum Server {
    Ours(Child),
    Found(u32),
}

impl Host {
    async fn run(mut self) {
        while let Some(order) = self.orders.recv().await {
            let Order::Start { after } = order else {
                // Switched off before it ran; one that runs by itself is stopped as well.
                let news = match holder(&self.paths.data) {
                    Some(pid) => self.stop(Server::Found(pid)).await,
                    None => HostNews::Stopped,
                };
                self.say(news).await;
                continue;
            };
            let news = tokio::select! {
                () = tokio::time::sleep(after) => self.one_life().await,
                order = self.orders.recv() => match order {
                    None => return,
                    Some(_) => HostNews::Stopped,
                },
            };
            self.say(news).await;
        }
    }

    /// From the start to the end of one server.
    async fn one_life(&mut self) -> HostNews {
        let mut server = match holder(&self.paths.data) {
            Some(pid) => Server::Found(pid),
            None => match self.start().await {
                Ok(child) => Server::Ours(child),
                Err(why) => return HostNews::Ended(why),
            },
        };
        let limit = Instant::now() + START_LIMIT;
        let mut is_ready = false;
        loop {
            if !is_ready && let Some(url) = self.ready(&server) {
                is_ready = true;
                let is_found = matches!(server, Server::Found(_));
                self.say(HostNews::Ready { url, is_found }).await;
                self.sessions.bell.notify_one();
            }
            if !is_ready && Instant::now() > limit {
                let _ = self.stop(server).await;
                return HostNews::Ended("it did not say that it is ready".into());
            }
            let pause = if is_ready { SLOW_LOOK } else { LOOK };
            tokio::select! {
                why = ended(&mut server, &self.paths.data, pause) => {
                    if let Some(why) = why {
                        self.sessions.bell.notify_one();
                        return HostNews::Ended(self.reason(&why));
                    }
                }
                order = self.orders.recv() => match order {
                    Some(Order::Start { .. }) => {}
                    Some(Order::Stop) => return self.stop(server).await,
                    // The program ends, the server goes on.
                    None => return HostNews::Stopped,
                },
            }
        }
    }

    async fn start(&self) -> Result<Child, String> {
        let program = installed::own(PROGRAM).ok_or("homeport-server is not installed here")?;
        self.compare_versions(&program).await;
        let failed = |error: std::io::Error| format!("the server cannot be started: {error}");
        make_private_folder(&self.paths.data).map_err(failed)?;
        make_private_folder(&self.paths.state).map_err(failed)?;
        let log = open_log(&self.paths.server_log()).map_err(failed)?;
        let mut command = Command::new(&program);
        command.arg("--data-dir").arg(&self.paths.data).args(["--first-workspace", FIRST_WORKSPACE]);
        command.arg("--stop-workspaces-on-exit");
        // A group of its own, so that what ends us does not end it.
        command.process_group(0).stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        command.spawn().map_err(failed)
    }

    async fn compare_versions(&self, program: &Path) {
        let mut ask = Command::new(program);
        ask.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(Ok(answer)) = timeout(Duration::from_secs(5), ask.output()).await else { return };
        let theirs = String::from_utf8_lossy(&answer.stdout);
        let theirs = theirs.trim().rsplit(' ').next().unwrap_or_default();
        if theirs != env!("CARGO_PKG_VERSION") {
            let text = format!(
                "homeport-server is version {theirs}, this program {}: install both again",
                env!("CARGO_PKG_VERSION")
            );
            self.say(HostNews::OtherVersion(crate::label::label(&text))).await;
        }
    }

    /// Its URL, once the session file is this very process's.
    fn ready(&self, server: &Server) -> Option<String> {
        let pid = match server {
            Server::Ours(child) => child.id()?,
            Server::Found(pid) => *pid,
        };
        let is_its = session_pid(&self.paths.data) == Some(pid) && holder(&self.paths.data) == Some(pid);
        is_its.then(|| local::load(&self.paths.data).map(|session| session.url.to_string()))?
    }

    async fn stop(&self, mut server: Server) -> HostNews {
        let pid = match &server {
            Server::Ours(child) => child.id(),
            Server::Found(pid) => Some(*pid),
        };
        let pid = pid.and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.filter(|pid| *pid > 1) else { return HostNews::Stopped };
        let signalled = kill(Pid::from_raw(pid), Signal::SIGTERM);
        if signalled.is_err() {
            return HostNews::Stopped;
        }
        let gone = async { while ended(&mut server, &self.paths.data, LOOK).await.is_none() {} };
        if timeout(STOP_LIMIT, gone).await.is_err() {
            let text = "The server of this computer does not end; its log says why".to_owned();
            let _ = self.events.send(Event::Trouble(text)).await;
        }
        self.sessions.bell.notify_one();
        HostNews::Stopped
    }

    /// Why it ended: its own last words, else the exit code.
    fn reason(&self, code: &str) -> String {
        let log = fs::read(self.paths.server_log()).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(4096)..]).into_owned();
        let said = tail.lines().rev().find_map(|line| line.strip_prefix("homeport-server: "));
        said.map_or_else(|| code.to_owned(), |said| crate::label::shorten(&crate::label::harmless(said), 200))
    }

    async fn say(&self, news: HostNews) {
        let _ = self.events.send(Event::Host(news)).await;
    }
}

/// Waits a moment; how it ended, if it did.
async fn ended(server: &mut Server, data: &Path, pause: Duration) -> Option<String> {
    match server {
        Server::Ours(child) => match timeout(pause, child.wait()).await {
            Ok(Ok(status)) => Some(words(status)),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => None,
        },
        Server::Found(pid) => {
            tokio::time::sleep(pause).await;
            // The kernel takes the lock back at the end, also of a process that nobody waits for.
            (holder(data) != Some(*pid)).then(|| "it was ended".into())
        }
    }
}

fn words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "it was killed".into(),
    }
}

/// The process that holds the lock of a data folder, as the kernel says.
pub fn holder(data: &Path) -> Option<u32> {
    let about = fs::metadata(data.join("lock")).ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    holder_in(&locks, about.ino())
}

/// A line: `1: FLOCK  ADVISORY  WRITE 32640 fe:00:6865389 0 EOF`. Lines with `->` only wait.
fn holder_in(locks: &str, inode: u64) -> Option<u32> {
    let inode = inode.to_string();
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, place, ..] = fields[..] else { return None };
        let is_it = place.rsplit(':').next() == Some(inode.as_str());
        pid.parse().ok().filter(|_| is_it)
    })
}

/// The process that wrote the session file.
fn session_pid(data: &Path) -> Option<u32> {
    let text = read_short(&data.join(local::FILE)).ok()??;
    let content: serde_json::Value = serde_json::from_str(&text).ok()?;
    u32::try_from(content.get("pid")?.as_u64()?).ok()
}

fn open_log(path: &Path) -> std::io::Result<File> {
    if path.metadata().is_ok_and(|about| about.len() > MAX_LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    File::options().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
