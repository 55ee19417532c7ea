//! Tokens in a real keyring, and in front of one that is locked, asks for ever, or ends in mid-call: the menu answers all
//! the same, nothing is lost, and no token gets into a file behind its person's back (F23).

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tests::binary::{output, said};
use tests::desk::menu::Line;
use tests::host::{Host, Setup};
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use super::stage::{Desk, LATER, SOON, is_ready, until};

const NAME: &str = "org.freedesktop.secrets";
const ROOT: &str = "/org/freedesktop/secrets";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/one";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
const ITEM: &str = "/org/freedesktop/secrets/collection/login/1";

fn has_keyring(test: &str) -> bool {
    let is_there = Path::new("/usr/bin/gnome-keyring-daemon").is_file();
    if !is_there {
        eprintln!("SKIPPED {test}: gnome-keyring not installed (`make test` installs it)");
    }
    is_there
}

/// The desktop's real keyring, unlocked.
struct Keyring(Child);

impl Keyring {
    async fn start(desk: &Desk) -> Self {
        let mut daemon = desk.command("/usr/bin/gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]);
        daemon.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = daemon.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"a password of the test").unwrap();
        wait_for_name(desk, true).await;
        Self(child)
    }

    async fn stop(mut self, desk: &Desk) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        wait_for_name(desk, false).await;
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn wait_for_name(desk: &Desk, is_wanted: bool) {
    let has = || async {
        let (bus, own) = (desk.bus.as_ref()?, "org.freedesktop.DBus");
        let answer =
            bus.call_method(Some(own), "/org/freedesktop/DBus", Some(own), "NameHasOwner", &NAME).await.ok()?;
        (answer.body().deserialize::<bool>().ok()? == is_wanted).then_some(())
    };
    until(LATER, if is_wanted { "a keyring is there" } else { "the keyring is gone" }, has).await;
}

/// What the fake does with a call for an item.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    /// Locked; its question for the password is never answered.
    Locked,
    /// No answer at all.
    Silent,
}

#[derive(Clone, Default)]
struct Counts {
    searches: Arc<AtomicUsize>,
    questions: Arc<AtomicUsize>,
}

struct Service(Mood, Counts);

#[zbus::interface(name = "org.freedesktop.Secret.Service")]
impl Service {
    fn open_session(&self, _algorithm: String, _input: OwnedValue) -> (OwnedValue, OwnedObjectPath) {
        // Any number is somebody's half of an agreement; no secret is ever read with it.
        (Value::from(vec![7u8; 128]).try_into().unwrap(), path("/org/freedesktop/secrets/session/one"))
    }

    async fn search_items(&self, _attributes: HashMap<String, String>) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        self.1.searches.fetch_add(1, Ordering::SeqCst);
        match self.0 {
            Mood::Silent => std::future::pending().await,
            Mood::Locked => (Vec::new(), vec![path(ITEM)]),
        }
    }

    fn unlock(&self, _objects: Vec<OwnedObjectPath>) -> (Vec<OwnedObjectPath>, OwnedObjectPath) {
        (Vec::new(), path(PROMPT))
    }

    fn read_alias(&self, _name: String) -> OwnedObjectPath {
        path(COLLECTION)
    }
}

struct Collection;

#[zbus::interface(name = "org.freedesktop.Secret.Collection")]
impl Collection {
    #[zbus(property)]
    fn locked(&self) -> bool {
        true
    }
}

struct Prompt(Counts);

#[zbus::interface(name = "org.freedesktop.Secret.Prompt")]
impl Prompt {
    fn prompt(&self, _window: String) {
        self.0.questions.fetch_add(1, Ordering::SeqCst);
    }

    fn dismiss(&self) {}

    #[zbus(signal)]
    async fn completed(
        emitter: &zbus::object_server::SignalEmitter<'_>,
        dismissed: bool,
        result: Value<'_>,
    ) -> zbus::Result<()>;
}

fn path(text: &'static str) -> OwnedObjectPath {
    ObjectPath::from_static_str_unchecked(text).into()
}

/// A keyring that keeps nothing and gives nothing. Gone from the bus when it is dropped.
struct Fake {
    bus: Connection,
    counts: Counts,
}

impl Fake {
    async fn start(desk: &Desk, mood: Mood) -> Self {
        let counts = Counts::default();
        let address = format!("unix:path={}", desk.path("bus").display());
        let bus = zbus::connection::Builder::address(address.as_str()).unwrap();
        let bus = bus.serve_at(ROOT, Service(mood, counts.clone())).unwrap().serve_at(COLLECTION, Collection).unwrap();
        let bus = bus.serve_at(PROMPT, Prompt(counts.clone())).unwrap().name(NAME).unwrap().build().await.unwrap();
        Self { bus, counts }
    }

    /// Ends in the middle of whatever it was asked.
    async fn vanish(self, desk: &Desk) {
        self.bus.close().await.unwrap();
        wait_for_name(desk, false).await;
    }

    async fn waits(&self, what: &str, wanted: usize, count: fn(&Counts) -> &AtomicUsize) {
        until(SOON, what, || async { (count(&self.counts).load(Ordering::SeqCst) >= wanted).then_some(()) }).await;
    }
}

/// Whether the menu tells of a session that could not be read, and with these words.
fn says(menu: &Line, words: &str) -> bool {
    menu.at(&["Accounts", "▲"]).is_some_and(|line| line.label.contains(words))
}

/// `homeport login` with a token from another program.
async fn log_in(desk: &Desk, host: &Host, more: &[&str]) -> Output {
    let url = host.url();
    let mut command: Command = desk.homeport(&["login", &url]);
    command.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(host.session().1.as_bytes()).unwrap();
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

/// Every file of the person's home folder that holds the token as it is.
fn files_with(desk: &Desk, token: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![desk.path("home")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if std::fs::read(&entry)
                .is_ok_and(|bytes| bytes.windows(token.len()).any(|part| part == token.as_bytes()))
            {
                found.push(entry);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_the_keyring_alone_and_one_that_is_locked_delays_and_loses_nothing() {
    let test = "a keyring that is locked";
    if !is_ready(test) || !has_keyring(test) {
        return;
    }
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let token = host.session().1;
    let keyring = Keyring::start(&desk).await;
    let login = log_in(&desk, &host, &[]).await;
    assert!(login.status.success(), "{}", said(&login));
    assert!(!said(&login).contains("is kept in"), "{}", said(&login));
    assert_eq!(files_with(&desk, &token), Vec::<PathBuf>::new());
    let who = output(&mut desk.homeport(&["whoami"]));
    assert!(who.status.success(), "{}", said(&who));
    keyring.stop(&desk).await;

    // Locked: nobody is signed in, the menu says why, and everything else of it works while the question stands.
    let fake = Fake::start(&desk, Mood::Locked).await;
    desk.start_tray(&[]).await;
    fake.waits("the keyring asks for its password", 1, |counts| &counts.questions).await;
    let menu =
        desk.menu_within(LATER, "it says that the keyring is locked", |menu| says(menu, "the keyring is locked"));
    let menu = menu.await;
    assert!(menu.text().contains("Host workspaces on this computer"), "{}", menu.text());
    assert_eq!(fake.counts.questions.load(Ordering::SeqCst), 1, "one window, not one every few seconds");
    desk.click(&["Accounts", "Try to read the sessions again"]).await;
    fake.waits("it asks again", 2, |counts| &counts.questions).await;
    // A new token is not put into a file because the keyring does not take it.
    let login = log_in(&desk, &host, &[]).await;
    assert!(!login.status.success(), "{}", said(&login));
    assert!(said(&login).contains("keyring is locked") && said(&login).contains("--keep-in-file"), "{}", said(&login));
    assert_eq!(files_with(&desk, &token), Vec::<PathBuf>::new());

    // Unlocked: the old token is there again.
    fake.vanish(&desk).await;
    let keyring = Keyring::start(&desk).await;
    desk.click(&["Accounts", "Try to read the sessions again"]).await;
    let menu = desk.menu_within(LATER, "the session is back", |menu| !says(menu, "")).await;
    assert!(menu.at(&["Accounts", "Sign out at 127.0.0.1"]).is_some(), "{}", menu.text());
    assert_eq!(files_with(&desk, &token), Vec::<PathBuf>::new());
    keyring.stop(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_answers_while_a_keyring_does_not_and_after_it_ended_in_mid_call() {
    let test = "a keyring that is silent";
    if !is_ready(test) || !has_keyring(test) {
        return;
    }
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let keyring = Keyring::start(&desk).await;
    assert!(log_in(&desk, &host, &[]).await.status.success());
    keyring.stop(&desk).await;

    let fake = Fake::start(&desk, Mood::Silent).await;
    desk.spawn_tray(&[]);
    fake.waits("the keyring is asked", 1, |counts| &counts.searches).await;
    // It never answers what it was asked, so whatever the menu says now it says beside a call that hangs.
    desk.menu_when("it has a first line", |menu| menu.has("Homeport:")).await;
    desk.click(&["Settings", "Connect when this program starts"]).await;
    desk.menu_when("the switch moved", |menu| {
        menu.at(&["Settings", "Connect when this program starts"]).is_some_and(|line| line.is_on)
    })
    .await;
    desk.menu_within(LATER, "it says that the keyring is silent", |menu| says(menu, "does not answer")).await;
    let asked = fake.counts.searches.load(Ordering::SeqCst);
    desk.click(&["Accounts", "Try to read the sessions again"]).await;
    fake.waits("it is asked again", asked + 1, |counts| &counts.searches).await;
    fake.vanish(&desk).await;
    desk.menu_when("it still says so", |menu| says(menu, "keyring")).await;

    let keyring = Keyring::start(&desk).await;
    desk.click(&["Accounts", "Try to read the sessions again"]).await;
    desk.menu_within(LATER, "the session is back", |menu| {
        menu.at(&["Accounts", "Sign out at 127.0.0.1"]).is_some() && !says(menu, "")
    })
    .await;
    keyring.stop(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_private_file_keeps_the_token_and_that_is_said() {
    if !is_ready("no keyring") {
        return;
    }
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let token = host.session().1;
    let login = log_in(&desk, &host, &[]).await;
    assert!(login.status.success(), "{}", said(&login));
    assert!(said(&login).contains("There is no keyring here, so the token is kept in"), "{}", said(&login));
    // The control of the other tests' search for tokens in files: here it finds one.
    let files = files_with(&desk, &token);
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&files[0]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    desk.start_tray(&[]).await;
    desk.menu_when("it is signed in", |menu| menu.at(&["Accounts", "Sign out at 127.0.0.1"]).is_some()).await;
}
