//! A desktop without glass: a home folder, a screen, a session bus, perhaps a panel, programs that record how they were
//! called, and the tray program. All of it ends with the test.

pub mod menu;
pub mod person;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use zbus::Connection;

use self::menu::Line;
use crate::binary;
use crate::host::processes_of;
use crate::lab::Namespace;

/// For whatever a desktop does at once.
pub const SOON: Duration = Duration::from_secs(20);
/// For what starts a server or stops a workspace, on a busy machine.
pub const LATER: Duration = Duration::from_secs(30);

/// Panel 1 with nothing but the icons.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
"#;
/// Writes its arguments, a line each, and its standard input.
pub const RECORDER: &str = r#"f=$(mktemp "$CALLS/.XXXXXX"); { printf '%s\n' "$@"; echo "--- input"; cat; } >"$f"; mv "$f" "$CALLS/${0##*/}.${f##*.}""#;
/// Programs that are recorded.
const RECORDED: &[&str] = &["code", "cursor", "x-terminal-emulator", "xfreerdp3", "xdg-open"];

/// What is missing to run these tests, said loudly.
pub fn is_ready(test: &str) -> bool {
    let missing: Vec<_> = ["Xvfb", "dbus-daemon", "xfce4-panel", "xclip"]
        .into_iter()
        .filter(|name| !std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|path| path.join(name).is_file()))
        .collect();
    if !missing.is_empty() {
        eprintln!("SKIPPED {test}: {} not installed (`make test` installs them)", missing.join(", "));
    }
    missing.is_empty()
}

/// The desktop.
pub struct Desk {
    folder: tempfile::TempDir,
    screen: Child,
    display: String,
    bus_daemon: Option<Child>,
    panel: Option<Child>,
    tray: Option<Child>,
    /// Our own connection to the session bus.
    pub bus: Option<Connection>,
    variables: Vec<(String, String)>,
    program: PathBuf,
    /// Where its programs run from now on.
    namespace: Option<String>,
}

impl Desk {
    /// A screen and a session bus, and nothing on them.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("homeport-desk-").tempdir().unwrap();
        for name in ["home/.config/xfce4/xfconf/xfce-perchannel-xml", "run", "calls", "bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs::set_permissions(folder.path().join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        fs::write(folder.path().join("home/.config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"), PANEL).unwrap();
        // No keyring, whatever is installed on this machine: the test that wants one starts it.
        fs::create_dir_all(folder.path().join("run/dbus-1/services")).unwrap();
        let none = "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/false\n";
        fs::write(folder.path().join("run/dbus-1/services/org.freedesktop.secrets.service"), none).unwrap();
        for name in RECORDED {
            binary::write_script(&folder.path().join("bin").join(name), RECORDER);
        }
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", "900x700x24", "-nolisten", "tcp"]);
        let log = File::create(folder.path().join("Xvfb.log")).unwrap();
        let mut screen = screen.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut number = String::new();
        BufReader::new(screen.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let variables = vec![("CODER_HTTP_ADDRESS".into(), port.to_string())];
        let (bus_daemon, panel, tray, bus) = (None, None, None, None);
        let display = format!(":{}", number.trim());
        let program = binary::path("homeport-desktop");
        let mut desk =
            Self { folder, screen, display, bus_daemon, panel, tray, bus, variables, program, namespace: None };
        desk.start_bus().await;
        desk
    }

    /// As [`Self::start`], with a panel and the tray program on it.
    pub async fn with_tray() -> Self {
        let mut desk = Self::start().await;
        desk.start_panel().await;
        desk.start_tray(&[]).await;
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A variable for all that is started from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.into(), value.into()));
    }

    /// Another copy of the tray program.
    pub fn use_tray(&mut self, program: PathBuf) {
        self.program = program;
    }

    /// Moves the desktop to another network: what is started from now on runs there. Screen and session bus are sockets of
    /// the file system and stay.
    pub fn enter(&mut self, namespace: &Namespace) {
        self.namespace = Some(namespace.name().to_owned());
    }

    /// A command as a user of this desktop starts it.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match &self.namespace {
            // It becomes the program: process ids and signals are the program's.
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
            None => Command::new(program),
        };
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", self.path("bin").display());
        command.env_clear().env("PATH", path).env("HOME", self.path("home")).env("XDG_RUNTIME_DIR", self.path("run"));
        command.env("CALLS", self.path("calls")).env("DISPLAY", &self.display).env("NO_AT_BRIDGE", "1");
        command.env("DBUS_SESSION_BUS_ADDRESS", self.bus_address()).env("HOMEPORT_STUN_ADDRESS", "off");
        command
            .env("HOMEPORT_TUNNEL_SOCKET", self.path("tunnel.sock"))
            .env("HOMEPORT_WINDOW", "")
            .env("NO_COLOR", "1")
            .env("LANG", "C.UTF-8");
        // The machine's own system bus is not asked about sleep.
        command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere");
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        command
    }

    /// `homeport` in a terminal of this desktop.
    pub fn homeport(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(binary::path("homeport"));
        command.args(arguments);
        command
    }

    fn bus_address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    pub async fn start_bus(&mut self) {
        let mut daemon = self.command("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nopidfile", &format!("--address={}", self.bus_address())]);
        daemon.stderr(self.log("dbus.log"));
        self.bus_daemon = Some(daemon.spawn().unwrap());
        let address = self.bus_address();
        let connect = || async { zbus::connection::Builder::address(address.as_str()).unwrap().build().await.ok() };
        self.bus = Some(until(SOON, "the session bus answers", connect).await);
    }

    pub fn kill_bus(&mut self) {
        self.bus = None;
        end(self.bus_daemon.take());
        let _ = fs::remove_file(self.path("bus"));
    }

    /// Starts the panel and waits until it takes icons.
    pub async fn start_panel(&mut self) {
        let mut panel = self.command("xfce4-panel");
        panel.arg("--disable-wm-check").stdout(Stdio::null()).stderr(self.log("panel.log"));
        // Its plugins are processes of their own.
        self.panel = Some(panel.process_group(0).spawn().unwrap());
        until(LATER, "the panel takes icons", || async { self.registered().await }).await;
    }

    pub fn kill_panel(&mut self) {
        if let Some(panel) = &self.panel {
            let _ = nix::sys::signal::killpg(Pid::from_raw(i32::try_from(panel.id()).unwrap()), Signal::SIGKILL);
        }
        end(self.panel.take());
    }

    /// Icons that the panel knows; `None` without a panel.
    pub async fn registered(&self) -> Option<Vec<String>> {
        let call = ("org.kde.StatusNotifierWatcher", "RegisteredStatusNotifierItems");
        let (name, path) = ("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher");
        let interface = Some("org.freedesktop.DBus.Properties");
        let answer = self.bus.as_ref()?.call_method(Some(name), path, interface, "Get", &call).await.ok()?;
        let value: zbus::zvariant::OwnedValue = answer.body().deserialize().ok()?;
        value.try_into().ok()
    }

    /// Waits until the panel shows our icon.
    pub async fn wait_for_icon(&self) {
        let name = self.item_name();
        let is_there = || async { self.registered().await?.iter().any(|item| item.contains(&name)).then_some(()) };
        until(SOON, "the panel shows the icon", is_there).await;
    }

    pub fn spawn_tray(&mut self, arguments: &[&str]) {
        let mut tray = self.command(&self.program);
        tray.args(arguments).stdout(Stdio::null()).stderr(self.log("tray.log"));
        self.tray = Some(tray.spawn().unwrap());
    }

    /// Starts the tray program; how long until the panel shows its icon.
    pub async fn start_tray(&mut self, arguments: &[&str]) -> Duration {
        let start = Instant::now();
        self.spawn_tray(arguments);
        if self.panel.is_some() {
            self.wait_for_icon().await;
        }
        let shown = start.elapsed();
        self.menu_when("it has a first line", |menu| menu.has("Homeport:")).await;
        shown
    }

    pub fn tray_pid(&self) -> u32 {
        self.tray.as_ref().unwrap().id()
    }

    pub fn kill_tray(&mut self) {
        end(self.tray.take());
    }

    /// Waits for the end of the tray program by itself.
    pub async fn tray_ends(&mut self) -> std::process::ExitStatus {
        let mut tray = self.tray.take().unwrap();
        let waited = tokio::task::spawn_blocking(move || tray.wait().unwrap());
        tokio::time::timeout(LATER, waited).await.expect("the tray program ends").unwrap()
    }

    /// A second start of the tray program, to its end.
    pub fn start_again(&self, arguments: &[&str]) -> std::process::Output {
        binary::output(self.command(binary::path("homeport-desktop")).args(arguments))
    }

    /// What the tray program said.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path("tray.log")).unwrap_or_default()
    }

    /// The bus name of the icon: each time it is shown again, its last number is higher.
    async fn item(&self) -> Option<String> {
        let (name, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
        let answer = self.bus.as_ref()?.call_method(Some(name), path, Some(name), "ListNames", &()).await.ok()?;
        let names: Vec<String> = answer.body().deserialize().ok()?;
        let ours = self.item_name();
        names.into_iter().filter(|name| name.contains(&ours)).max()
    }

    /// What tells our icon's names from others: of the tray program that was started here, else of any.
    fn item_name(&self) -> String {
        let of = self.tray.as_ref().map(|tray| format!("{}-", tray.id()));
        format!("StatusNotifierItem-{}", of.unwrap_or_default())
    }

    pub async fn menu(&self) -> Option<Line> {
        menu::read(self.bus.as_ref()?, &self.item().await?).await.ok()
    }

    /// Waits until the menu is as wanted.
    pub async fn menu_when(&self, what: &str, wanted: impl Fn(&Line) -> bool) -> Line {
        self.menu_within(SOON, what, wanted).await
    }

    pub async fn menu_within(&self, limit: Duration, what: &str, wanted: impl Fn(&Line) -> bool) -> Line {
        let start = Instant::now();
        loop {
            let menu = self.menu().await.unwrap_or_default();
            if wanted(&menu) {
                return menu;
            }
            assert!(start.elapsed() < limit, "not within {limit:?}: {what}\n{}\n{}", menu.text(), self.said());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Clicks the line with these words, level by level, once it is there.
    pub async fn click(&self, path: &[&str]) {
        // Between reading and clicking the menu may have changed: then its ids are not valid any more, and we read again.
        let clicked = || async {
            let id = self.menu().await?.at(path).filter(|line| line.is_enabled && line.below.is_empty())?.id;
            menu::click(self.bus.as_ref()?, &self.item().await?, id).await.ok()
        };
        let what = format!("a click on {path:?}");
        if tokio::time::timeout(SOON, until(LATER, &what, clicked)).await.is_err() {
            panic!("{what}\n{}", self.menu().await.unwrap_or_default().text());
        }
    }

    /// What a program of the test was called with: arguments, then `--- input` and what it was told.
    pub async fn call(&self, program: &str) -> Vec<String> {
        let calls = self.path("calls");
        let taken = || async {
            let entries = fs::read_dir(&calls).unwrap().map(|entry| entry.unwrap().path());
            let prefix = format!("{program}.");
            let file =
                entries.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix))?;
            let text = fs::read_to_string(&file).unwrap();
            fs::remove_file(&file).unwrap();
            Some(text.lines().map(str::to_owned).collect())
        };
        until(SOON, &format!("{program} is called"), taken).await
    }

    /// The browser was given a file of ours, which leads to a page of this deployment and signs in on the way.
    pub async fn signs_in_at(&self, url: &str, page: &str) {
        let given = self.call("xdg-open").await;
        let leads = fs::read_to_string(&given[0]).unwrap();
        assert!(leads.contains(&format!("url={url}/sign-in?next={page}#code=")), "{leads}");
    }

    /// What is in the clipboard.
    pub async fn clipboard(&self, wanted: &str) {
        let is_it = || async {
            let mut xclip = self.command("xclip");
            let output = binary::output(xclip.args(["-selection", "clipboard", "-o"]));
            (String::from_utf8_lossy(&output.stdout) == wanted).then_some(())
        };
        until(SOON, &format!("the clipboard holds {wanted}"), is_it).await;
    }

    /// A picture of the screen, kept for people.
    pub fn screenshot(&self, name: &str) {
        let folder = Path::new(&binary::path("homeport-desktop")).with_file_name("desktop-screenshots");
        fs::create_dir_all(&folder).unwrap();
        let mut import = self.command("import");
        let taken = import.args(["-window", "root"]).arg(folder.join(format!("{name}.png"))).status();
        if !taken.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED the screenshot {name}: no ImageMagick");
        }
    }

    /// Opens the menu with the mouse, as a person does.
    pub fn open_menu_by_mouse(&self) {
        let mut xdotool = self.command("xdotool");
        let done = xdotool.args(["mousemove", "24", "16", "click", "1", "sleep", "1"]).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED the mouse: no xdotool");
        }
    }

    /// Closes it.
    pub fn close_menu(&self) {
        let _ = self.command("xdotool").args(["key", "Escape", "key", "Escape"]).status();
    }

    fn log(&self, name: &str) -> File {
        File::options().create(true).append(true).open(self.path(name)).unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("tray log:\n{}", self.said());
            let server = fs::read_to_string(self.path("home/.local/state/homeport/server.log"));
            eprintln!("server log:\n{}", server.unwrap_or_default());
        }
        self.kill_tray();
        self.kill_panel();
        end(self.bus_daemon.take());
        let _ = kill(Pid::from_raw(i32::try_from(self.screen.id()).unwrap()), Signal::SIGTERM);
        let _ = self.screen.wait();
        for pid in processes_of(self.folder.path()) {
            let _ = kill(Pid::from_raw(i32::try_from(pid).unwrap()), Signal::SIGKILL);
        }
    }
}

fn end(child: Option<Child>) {
    if let Some(mut child) = child {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Looks again and again until there is something.
pub async fn until<T, F: Future<Output = Option<T>>>(limit: Duration, what: &str, look: impl Fn() -> F) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
