//! A desktop at each end: an `xrdp` in one namespace, and a screen that nobody looks at with `xfreerdp` on it. The screen
//! can be looked at by a test. `xrdp` is unpacked and never installed: a machine that runs our tests must not serve RDP.

use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Namespace;

/// The background of our `xrdp`'s login screen, which nothing else has.
const BACKGROUND: [u8; 3] = [0x31, 0x41, 0x59];
/// Fewer pixels of it are no login screen.
const LEAST: usize = 50_000;

/// Lays the unpacked program over this machine's folders, in private mounts, and gives it a key.
const INSIDE: &str = r#"
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 run /run
mkdir /run/etc /run/work
mount -t overlay none -o "lowerdir=$ROOT/usr:/usr" /usr
mount -t overlay none -o "lowerdir=$ROOT/etc:/etc,upperdir=/run/etc,workdir=/run/work" /etc
xrdp-keygen xrdp auto >/dev/null
sed -i -e "s|^fork=.*|fork=false|; s|^security_layer=.*|security_layer=tls|; s|^EnableSyslog=.*|EnableSyslog=false|" \
  -e "s|^certificate=.*|certificate=$FOLDER/certificate|; s|^key_file=.*|key_file=$FOLDER/key|" \
  -e "s|^LogFile=.*|LogFile=$FOLDER/xrdp.log|; s|^ls_top_window_bg_color=.*|ls_top_window_bg_color=$COLOUR|" \
  -e "s|^#*drdynvc=.*|drdynvc=false|; s|^port=3389|port=tcp://127.0.0.1:3389|" /etc/xrdp/xrdp.ini
exec xrdp --nodaemon
"#;

/// A running `xrdp`; killed on drop.
pub struct RemoteDesktop {
    child: Child,
    log: PathBuf,
}

impl RemoteDesktop {
    /// Listens on port 3389 of the loopback address; `root` is the folder with the unpacked package. `None` when it is
    /// not there.
    pub fn start(namespace: &Namespace, root: &Path, folder: &Path) -> Option<Self> {
        if !root.join("usr/sbin/xrdp").is_file() {
            return None;
        }
        let made = rcgen::generate_simple_self_signed(["box".to_owned()]).unwrap();
        std::fs::write(folder.join("certificate"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(folder.join("key"), Permissions::from_mode(0o600)).unwrap();
        let mut command = namespace.command("unshare");
        command.args(["--mount", "sh", "-c", INSIDE]).env("ROOT", root).env("FOLDER", folder);
        let [red, green, blue] = BACKGROUND;
        command.env("COLOUR", format!("{red:02x}{green:02x}{blue:02x}"));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let output = File::create(folder.join("xrdp.out")).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Some(Self { child: command.spawn().unwrap(), log: folder.join("xrdp.log") })
    }

    /// What it noted so far.
    pub fn log(&self) -> String {
        let said = std::fs::read_to_string(self.log.with_extension("out")).unwrap_or_default();
        said + &std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for RemoteDesktop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A screen without glass, and the program on it; both end when it is dropped.
pub struct Screen {
    server: Child,
    program: Option<Child>,
    folder: PathBuf,
    display: String,
}

impl Screen {
    /// Starts one with `place`, which makes a command whose process can be signalled.
    pub fn start(place: impl Fn(&str) -> Command, folder: &Path) -> Self {
        let mut command = place("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-fbdir"]).arg(folder);
        let log = File::create(folder.join("Xvfb.log")).unwrap();
        let mut server = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let display = format!(":{}", number.trim());
        Self { server, program: None, folder: folder.to_owned(), display }
    }

    /// Starts the program whose window is looked at.
    pub fn show(&mut self, mut program: Command) {
        let log = File::create(self.folder.join("program.log")).unwrap();
        program.env("DISPLAY", &self.display).env("HOME", &self.folder).stdin(Stdio::null());
        self.program = Some(program.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
    }

    /// Whether the login screen of our `xrdp` is to be seen.
    pub fn shows_login(&self) -> bool {
        // An X window dump: 100 bytes of head with its length first, a table of colours, then pixels of four bytes.
        let dump = std::fs::read(self.folder.join("Xvfb_screen0")).unwrap_or_default();
        let [red, green, blue] = BACKGROUND;
        let pixels = dump.rchunks_exact(4).filter(|pixel| pixel[..3] == [blue, green, red]);
        pixels.count() >= LEAST
    }

    /// What the program printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("program.log")).unwrap_or_default()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(program) = &mut self.program {
            let _ = program.kill();
            let _ = program.wait();
        }
        // In order, so that it takes its lock file away.
        let _ = kill(Pid::from_raw(i32::try_from(self.server.id()).unwrap_or(0)), Signal::SIGTERM);
        let _ = self.server.wait();
    }
}
