//! The lid, by a logind of the test: a workspace stops before the computer sleeps and starts when it is opened, and only
//! logind itself is believed.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tests::binary::run;
use tests::host::{Host, Setup};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedFd as Handed;

use super::stage::{Desk, LATER, is_ready, until};
use super::tunnelled::sign_in;

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";

/// What the fake shows and saw.
#[derive(Default)]
struct Seen {
    is_shut: bool,
    looks: usize,
    /// Our ends of what was handed out to hold sleep up.
    holds: Vec<std::io::PipeReader>,
}

struct Logind(Arc<Mutex<Seen>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Logind {
    #[zbus(property)]
    fn lid_closed(&self) -> bool {
        let mut seen = self.0.lock().unwrap();
        seen.looks += 1;
        seen.is_shut
    }

    fn inhibit(&self, what: String, _who: String, _why: String, mode: String) -> Handed {
        assert_eq!((what.as_str(), mode.as_str()), ("sleep", "delay"));
        let (ours, theirs) = std::io::pipe().unwrap();
        self.0.lock().unwrap().holds.push(ours);
        OwnedFd::from(theirs).into()
    }

    #[zbus(signal)]
    async fn prepare_for_sleep(emitter: &SignalEmitter<'_>, start: bool) -> zbus::Result<()>;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shut_lid_stops_before_sleep_and_an_open_one_starts_and_strangers_are_not_believed() {
    if !is_ready("the lid") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    // The bus of the desktop is the system's as well, for this test.
    desk.set("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}", desk.path("bus").display()));
    let bus = desk.bus.clone().unwrap();
    let seen = Arc::new(Mutex::new(Seen::default()));
    bus.object_server().at(PATH, Logind(Arc::clone(&seen))).await.unwrap();
    bus.request_name(NAME).await.unwrap();
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    assert_eq!(seen.lock().unwrap().looks, 0, "nobody chose anything, nobody looks");
    desk.click(&["● box", "When the lid is shut", "It stops after 5 minutes"]).await;
    until(LATER, "sleep is held up", || async { (!seen.lock().unwrap().holds.is_empty()).then_some(()) }).await;

    // Long unused, as far as the deployment knows.
    let line = "UPDATE workspaces SET last_used_at = last_used_at - 3600000000";
    run(Command::new("sqlite3").arg(host.path("data/homeport.db")).args([".timeout 5000", line]));
    desk.click(&["Help", "Ask all deployments again"]).await;
    seen.lock().unwrap().is_shut = true;
    looked(&seen).await;

    // A stranger says that the computer sleeps.
    let stranger = zbus::connection::Builder::address(format!("unix:path={}", desk.path("bus").display()).as_str());
    let stranger = stranger.unwrap().build().await.unwrap();
    let interface = "org.freedesktop.login1.Manager";
    stranger.emit_signal(None::<&str>, PATH, interface, "PrepareForSleep", &true).await.unwrap();
    looked(&seen).await;
    looked(&seen).await;
    assert!(desk.menu().await.unwrap().has("● box: running"), "a stranger is not believed");

    let emitter = SignalEmitter::new(&bus, PATH).unwrap();
    Logind::prepare_for_sleep(&emitter, true).await.unwrap();
    desk.menu_within(LATER, "box is stopped", |menu| menu.has("○ box: stopped")).await;
    let hold = seen.lock().unwrap().holds.pop().unwrap();
    let released = tokio::task::spawn_blocking(move || {
        let mut hold = hold;
        hold.read(&mut [0]).unwrap()
    });
    assert_eq!(tokio::time::timeout(LATER, released).await.expect("sleep is held up no longer").unwrap(), 0);

    seen.lock().unwrap().is_shut = false;
    Logind::prepare_for_sleep(&emitter, false).await.unwrap();
    desk.menu_within(LATER, "box runs again", |menu| menu.has("● box: running")).await;
    let settings = std::fs::read_to_string(desk.path("home/.config/homeport/desktop.json")).unwrap();
    assert!(settings.contains("\"lid\""), "{settings}");
}

/// Waits until the lid was looked at once more.
async fn looked(seen: &Arc<Mutex<Seen>>) {
    let before = seen.lock().unwrap().looks;
    until(LATER, "somebody looks at the lid", || async { (seen.lock().unwrap().looks > before).then_some(()) }).await;
}
