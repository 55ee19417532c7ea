//! A D-Bus of its own with a logind that seats whom the test says. Not here: who is let in by that.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use zbus::object_server::InterfaceRef;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, fdo, interface};

/// One configuration for everybody: this bus is the test's alone.
const CONFIG: &str = r#"<busconfig><type>system</type><listen>unix:path=BUS</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>"#;
const ROOT: &str = "/org/freedesktop/login1";
const SEAT: &str = "/org/freedesktop/login1/seat/seat0";
const SESSION: &str = "/org/freedesktop/login1/session/_31";

/// Who has the seat's active session, and of which class it is.
type Sitting = Arc<Mutex<Option<(u32, &'static str)>>>;

/// The bus and its logind; both end with it.
pub struct Seats {
    bus: Child,
    address: String,
    sitting: Sitting,
    seat: InterfaceRef<Seat>,
    connection: Connection,
    _folder: tempfile::TempDir,
}

struct Manager;
struct Seat(Sitting);
struct Session(Sitting);

fn path(path: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(path).unwrap()
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn list_seats(&self) -> Vec<(String, OwnedObjectPath)> {
        vec![("seat0".into(), path(SEAT))]
    }
}

#[interface(name = "org.freedesktop.login1.Seat")]
impl Seat {
    #[zbus(property)]
    fn active_session(&self) -> (String, OwnedObjectPath) {
        match *self.0.lock().unwrap() {
            Some(_) => ("1".into(), path(SESSION)),
            None => (String::new(), path("/")),
        }
    }
}

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn user(&self) -> fdo::Result<(u32, OwnedObjectPath)> {
        let (uid, _) = self.0.lock().unwrap().ok_or_else(|| fdo::Error::Failed("nobody".into()))?;
        Ok((uid, path("/")))
    }

    #[zbus(property)]
    fn class(&self) -> String {
        self.0.lock().unwrap().map_or_else(String::new, |(_, class)| class.to_owned())
    }
}

impl Seats {
    /// Starts both; nobody sits.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (socket, config) = (folder.path().join("bus"), folder.path().join("bus.conf"));
        std::fs::write(&config, CONFIG.replace("BUS", &socket.display().to_string())).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--nosyslog", "--print-address"]);
        let mut bus = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let (address, sitting) = (address.trim().to_owned(), Sitting::default());
        let connection = zbus::connection::Builder::address(address.as_str())
            .and_then(|builder| builder.serve_at(ROOT, Manager))
            .and_then(|builder| builder.serve_at(SEAT, Seat(Arc::clone(&sitting))))
            .and_then(|builder| builder.serve_at(SESSION, Session(Arc::clone(&sitting))))
            .and_then(|builder| builder.name("org.freedesktop.login1"))
            .unwrap();
        let connection = connection.build().await.unwrap();
        let seat = connection.object_server().interface::<_, Seat>(SEAT).await.unwrap();
        Self { bus, address, sitting, seat, connection, _folder: folder }
    }

    /// Where the bus is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Somebody sits down, in a session of this class, or all leave.
    pub async fn sit(&self, who: Option<(u32, &'static str)>) {
        *self.sitting.lock().unwrap() = who;
        self.seat.get().await.active_session_changed(self.seat.signal_emitter()).await.unwrap();
    }
}

impl Seats {
    /// Logind says that the machine woke up.
    pub async fn wake(&self) {
        say_awake(&self.connection).await;
    }

    /// Somebody else on the bus says so.
    pub async fn wake_by_a_stranger(&self) {
        let bus = zbus::connection::Builder::address(self.address.as_str()).unwrap().build().await.unwrap();
        say_awake(&bus).await;
        // An answer of the bus: it had the signal before.
        fdo::DBusProxy::new(&bus).await.unwrap().get_id().await.unwrap();
    }
}

async fn say_awake(bus: &Connection) {
    let manager = "org.freedesktop.login1.Manager";
    bus.emit_signal(None::<&str>, ROOT, manager, "PrepareForSleep", &false).await.unwrap();
}

impl Drop for Seats {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}
