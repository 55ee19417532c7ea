//! A container root with nothing in it: no C library, no shell, no accounts. `homeport daemon` runs in it as process 1 of
//! its own namespaces, on the network of this machine. Root only; it is gone when it is dropped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::binary;

/// How long a daemon may take to end after it was asked: what container runtimes give, and a little.
const DEADLINE: Duration = Duration::from_secs(15);

/// Makes the root inside the new namespaces and becomes the daemon there. Programs and devices are bound, not copied.
const INSIDE: &str = r#"
set -e
mount -t tmpfs -o mode=755 bare "$ROOT"
cd "$ROOT"
mkdir bin dev dev/pts etc out proc tmp
chmod 1777 tmp
mount -t proc proc proc
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for device in null random urandom; do : >dev/$device; mount --bind /dev/$device dev/$device; done
for program in "$HOMEPORT" "$INMATE"; do : >bin/${program##*/}; mount --bind "$program" bin/${program##*/}; done
mount --bind "$OUT" out
printf %s "$HOSTS" >etc/hosts
printf %s "$RESOLVER" >etc/resolv.conf
exec env -u ROOT -u HOMEPORT -u INMATE -u OUT -u HOSTS -u RESOLVER -u PATH -u PWD -u OLDPWD -u SHLVL \
  "$(command -v chroot)" . /bin/homeport daemon "$@"
"#;

/// What a container is told.
pub struct Setup<'a> {
    /// Where the daemon finds its server.
    pub url: String,
    /// The daemon's token.
    pub token: String,
    /// Text of `/etc/hosts`.
    pub hosts: String,
    /// Text of `/etc/resolv.conf`.
    pub resolver: String,
    /// More arguments of `homeport daemon`.
    pub arguments: &'a [&'a str],
}

/// A running container.
pub struct Bare {
    unshare: Child,
    folder: PathBuf,
}

impl Bare {
    /// Starts one; its log, and what it writes to `/out`, are in `folder`.
    pub fn start(folder: &Path, setup: &Setup<'_>) -> Self {
        let (root, out) = (folder.join("root"), folder.join("out"));
        for path in [&root, &out] {
            std::fs::create_dir_all(path).unwrap();
        }
        let log = File::create(folder.join("log")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, "sh"]).args(setup.arguments);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("ROOT", &root).env("OUT", &out).env("HOSTS", &setup.hosts).env("RESOLVER", &setup.resolver);
        command.env("HOMEPORT", binary::path("homeport")).env("INMATE", binary::path("inmate"));
        command.env("CODER_AGENT_URL", &setup.url).env("CODER_AGENT_TOKEN", &setup.token);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { unshare: command.spawn().unwrap(), folder: folder.to_owned() }
    }

    /// Asks process 1 to end, as `docker stop` does, and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        let (sender, ended) = mpsc::channel();
        kill(self.process_1(), Signal::SIGTERM).unwrap();
        let unshare = Pid::from_raw(i32::try_from(self.unshare.id()).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| sender.send(self.unshare.wait().unwrap()).unwrap());
            ended.recv_timeout(DEADLINE).unwrap_or_else(|_| {
                kill(unshare, Signal::SIGKILL).unwrap();
                panic!("the daemon did not end in {DEADLINE:?}");
            })
        })
    }

    /// The daemon's process 1, numbered as this machine sees it.
    fn process_1(&self) -> Pid {
        let pid = self.unshare.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        Pid::from_raw(children.trim().parse().unwrap_or_else(|_| panic!("no process 1: {children:?}\n{}", self.log())))
    }

    /// A file that the container wrote to `/out`.
    pub fn out(&self, name: &str) -> PathBuf {
        self.folder.join("out").join(name)
    }

    /// What the daemon said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("container log:\n{}", self.log());
        }
        // Process 1 goes with it, and with that one everything in its namespaces.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}
