//! Faults of the machine below the server: a full disk, a damaged database, a taken port, a folder that is not ours. Each
//! is told in a plain sentence, nothing is overwritten, and what cannot be written is refused, not assumed.
//!
//! `HOMEPORT_TEST_SABOTAGE=F20` (or F22, F24, F26) removes what a test relies on; it must be red then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use house::{House, WAITS};
use reqwest::Method;
use serde_json::json;
use server::config::Config;

fn is_sabotaged(fault: &str) -> bool {
    std::env::var("HOMEPORT_TEST_SABOTAGE").is_ok_and(|word| word == fault)
}

/// Runs the real program, which is expected to refuse at once.
fn refused(arguments: &[&str]) -> (bool, String) {
    said(Command::new("timeout").arg("20").arg(env!("CARGO_BIN_EXE_homeport-server")).args(arguments).output().unwrap())
}

fn said(output: Output) -> (bool, String) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // 124 is `timeout`: the program went on.
    (output.status.code().is_some_and(|code| !matches!(code, 0 | 124)), text)
}

/// A file system of its own; gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None without root.
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        let path = folder.join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path).stderr(Stdio::null());
        if !mount.status().is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: mounting a small disk needs root");
            return None;
        }
        Some(Self(path))
    }

    /// Fills it but for some pages.
    fn fill(&self, free_pages: u64) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        for size in [64 * 1024, 4096] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
        let length = ballast.metadata().unwrap().len();
        ballast.set_len((length / 4096).saturating_sub(free_pages) * 4096).unwrap();
    }

    fn free(&self) {
        let _ = std::fs::remove_file(self.0.join("ballast"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f20_a_full_disk_refuses_writes_answers_reads_and_heals() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path(), "8m") else { return };
    let config = Config { data_dir: disk.0.join("data"), ..house::config(folder.path(), WAITS) };
    let database = config.data_dir.join("homeport.db");
    let mut house = House::with(folder, config).await;
    let session = std::fs::read(disk.0.join("data/local-session.json")).unwrap();
    let session: serde_json::Value = serde_json::from_slice(&session).unwrap();
    house.token = session["token"].as_str().unwrap().to_owned();
    let tokens = "/api/v2/users/me/keys/tokens";
    let (mut refusals, mut acknowledged) = (0, 0);
    for free_pages in 0..200 {
        // The log starts at nothing, so that each write needs space.
        let side = rusqlite::Connection::open(&database).unwrap();
        side.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(side);
        if !is_sabotaged("F20") {
            disk.fill(free_pages);
        }
        let mut names = Vec::new();
        for number in 0..60 {
            let name = format!("k{free_pages}-{number}");
            let (status, body) = house.post(tokens, json!({"token_name": name})).await;
            match status.as_u16() {
                201 => names.push((name, body["key"].as_str().unwrap().to_owned())),
                507 => {
                    assert!(body["message"].as_str().unwrap().contains("disk is full"), "{body}");
                    refusals += 1;
                    break;
                }
                other => panic!("{free_pages} pages: {other} {body}"),
            }
        }
        acknowledged += names.len();
        assert_eq!(house.get("/api/v2/users/me").await.0, 200, "{free_pages} pages: reads go on");
        let (_, list) = house.get(tokens).await;
        let list = list.to_string();
        for (name, key) in &names {
            assert!(list.contains(&format!("\"{name}\"")), "{free_pages} pages: {name} was acknowledged");
            assert!(!list.contains(&key[11..]));
        }
        let wrong = format!("{}-{}", "x".repeat(10), "y".repeat(22));
        assert_eq!(house.call_as(&wrong, Method::GET, "/api/v2/users/me", None).await.0, 401);
        if let Some((name, key)) = names.first() {
            // A revocation is done or refused, and what was answered is what holds.
            let id = &key[..10];
            let path = format!("/api/v2/users/me/keys/{id}");
            let status = house.call_as(&house.token, Method::DELETE, &path, None).await.0;
            let after = house.call_as(key, Method::GET, "/api/v2/users/me", None).await.0;
            assert!(matches!((status.as_u16(), after.as_u16()), (204, 401) | (507, 200)), "{name}: {status} {after}");
        }
        disk.free();
        let (status, body) = house.post(tokens, json!({"token_name": format!("k{free_pages}-after")})).await;
        assert_eq!(status, 201, "{free_pages} pages: space was freed, {body}");
        let forget = |db: &server::store::Db| Ok(db.execute("DELETE FROM api_keys WHERE token_name <> ''", [])?);
        house.server.state.store.write(forget).await.unwrap();
    }
    assert!(
        refusals >= 100 && acknowledged >= 200,
        "{refusals} refusals, {acknowledged} acknowledged: little was tried"
    );
    let side = rusqlite::Connection::open(&database).unwrap();
    let check: String = side.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    drop(house);
}

#[test]
fn f20_a_disk_that_is_full_at_the_start_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(folder.path(), "1m") else { return };
    std::fs::create_dir(disk.0.join("data")).unwrap();
    disk.fill(0);
    let data = disk.0.join("data");
    let (is_refused, text) =
        refused(&["--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--stun", "off"]);
    assert!(is_refused && text.contains("full"), "{text}");
}

/// Writes one mutant into a folder; `random` decides where.
type Mutation = fn(&Path, u64);

fn database(folder: &Path) -> PathBuf {
    folder.join("homeport.db")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("homeport.db-wal")
}

fn change(file: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    edit(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

fn flip(folder: &Path, random: u64) {
    change(&database(folder), |bytes| {
        let bit = usize::try_from(random).unwrap() % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    });
}

fn scribble(folder: &Path, random: u64) {
    change(&database(folder), |bytes| {
        let at = usize::try_from(random).unwrap() % (bytes.len() - 512);
        bytes[at..at + 512].fill(0xAA);
    });
}

fn flip_log(folder: &Path, random: u64) {
    change(&log(folder), |bytes| {
        let bit = usize::try_from(random).unwrap() % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    });
}

fn cut_log(folder: &Path, random: u64) {
    change(&log(folder), |bytes| bytes.truncate(usize::try_from(random).unwrap() % bytes.len()));
}

fn cut(folder: &Path, random: u64) {
    change(&database(folder), |bytes| bytes.truncate(usize::try_from(random).unwrap() % bytes.len()));
}

fn no_log(folder: &Path, _: u64) {
    std::fs::remove_file(log(folder)).unwrap();
}

fn zero(folder: &Path, random: u64) {
    std::fs::write(database(folder), b"").unwrap();
    if random.is_multiple_of(2) {
        no_log(folder, random);
    }
}

fn gone(folder: &Path, _: u64) {
    std::fs::remove_file(database(folder)).unwrap();
    std::fs::remove_file(log(folder)).unwrap();
}

fn letter(folder: &Path, _: u64) {
    std::fs::write(database(folder), "This is a letter and no database. ".repeat(300)).unwrap();
}

fn newer(folder: &Path, _: u64) {
    let db = rusqlite::Connection::open(database(folder)).unwrap();
    db.pragma_update(None, "user_version", 9999).unwrap();
}

fn empty(folder: &Path, random: u64) {
    gone(folder, random);
    let db = rusqlite::Connection::open(database(folder)).unwrap();
    db.execute_batch("CREATE TABLE x (y); DROP TABLE x;").unwrap();
}

const MUTATIONS: [(&str, Mutation, u64); 11] = [
    ("a flipped bit", flip, 16),
    ("512 bytes overwritten", scribble, 10),
    ("a flipped bit in the log", flip_log, 6),
    ("a truncated log", cut_log, 6),
    ("a truncated file", cut, 5),
    ("no log", no_log, 1),
    ("a zero file", zero, 2),
    ("no file", gone, 1),
    ("another file", letter, 1),
    ("a newer schema", newer, 1),
    ("an empty database", empty, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn f22_a_damaged_database_is_refused_by_name_and_never_replaced() {
    let place = tempfile::tempdir().unwrap();
    let config = Config { local_user: false, ..house::config(place.path(), WAITS) };
    let data = config.data_dir.clone();
    let mut house = House::with(place, config.clone()).await;
    let first = json!({"username": "ann", "email": "ann@example.com", "password": "correct horse"});
    assert_eq!(house.post("/api/v2/users/first", first.clone()).await.0, 201);
    let login = json!({"email": "ann@example.com", "password": "correct horse"});
    house.token = house.post("/api/v2/users/login", login).await.1["session_token"].as_str().unwrap().to_owned();
    for number in 0..20 {
        house.post("/api/v2/users/me/keys/tokens", json!({"token_name": format!("t{number}")})).await;
    }
    let deployment = house.server.state.deployment_id;
    server::store::backup::copy_to(&database(&data), &server::store::backup::path(&database(&data))).unwrap();
    // Half of it in the file, half in the log, as a kill leaves it.
    let side = rusqlite::Connection::open(database(&data)).unwrap();
    side.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
    house.post("/api/v2/users/me/keys/tokens", json!({"token_name": "last"})).await;
    let files = ["homeport.db", "homeport.db-wal", "homeport.backup.db", "deployment-id"];
    let kept: Vec<_> = files.map(|name| (name, std::fs::read(data.join(name)).unwrap())).into();
    drop(side);
    let mut random: u64 = std::env::var("HOMEPORT_SEED").map_or(0x5eed, |text| text.parse().unwrap());
    let (mut count, mut refusals) = (0, 0);
    for (what, mutate, times) in MUTATIONS {
        for _ in 0..times {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let folder = tempfile::tempdir().unwrap();
            for (name, bytes) in &kept {
                std::fs::write(folder.path().join(name), bytes).unwrap();
            }
            mutate(folder.path(), random >> 20);
            if is_sabotaged("F22") {
                std::fs::remove_file(folder.path().join("deployment-id")).unwrap();
            }
            let before = [database(folder.path()), log(folder.path())].map(|file| std::fs::read(file).ok());
            let when = format!("{what}, {random}");
            let config = Config { data_dir: folder.path().to_owned(), ..config.clone() };
            count += 1;
            match server::start(config).await {
                Err(error) => {
                    refusals += 1;
                    let text = error.to_string();
                    let is_newer = text.contains("newer version");
                    assert!(is_newer || text.contains("homeport.backup.db"), "{when}: {text}");
                    let after = [database(folder.path()), log(folder.path())].map(|file| std::fs::read(file).ok());
                    assert!(
                        before[0] == after[0] || (before[0].is_none() && after[0] == Some(vec![])),
                        "{when}: changed"
                    );
                }
                // What SQLite cannot tell from a good file: then it is the old deployment, with its account.
                Ok(running) => {
                    assert_eq!(running.state.deployment_id, deployment, "{when}: a fresh database");
                    let url = format!("http://{}/api/v2/users/first", running.address);
                    let status = reqwest::Client::new().post(url).json(&first).send().await.unwrap().status();
                    assert!(!status.is_success(), "{when}: a second first account");
                    running.stop().await;
                }
            }
        }
    }
    // The copy that the message names is as good as it says.
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [("homeport.backup.db", "homeport.db"), ("deployment-id", "deployment-id")] {
        std::fs::write(folder.path().join(to), &kept.iter().find(|(name, _)| *name == from).unwrap().1).unwrap();
    }
    let restored = server::start(Config { data_dir: folder.path().to_owned(), ..config.clone() }).await.unwrap();
    assert_eq!(restored.state.deployment_id, deployment);
    restored.stop().await;
    // Truncated, zero, absent, foreign, newer and empty ones are always found; a flipped bit inside a value never is.
    assert!(count == 50 && refusals >= 11, "{count} mutants, {refusals} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_taken_port_is_told_and_the_stranger_hears_nothing() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let taken = stranger.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("d");
    let listen = if is_sabotaged("F24") { "127.0.0.1:0".to_owned() } else { taken.to_string() };
    let (is_refused, text) = refused(&["--data-dir", data.to_str().unwrap(), "--listen", &listen, "--stun", "off"]);
    assert!(is_refused && text.contains("cannot be listened on") && text.contains("--listen"), "{text}");
    // Without an order for one port the next free one is taken, and its URL is what others are told.
    let config = Config { listen: taken, next_free_port: true, ..house::config(folder.path(), WAITS) };
    let house = House::with(folder, config).await;
    let own = house.server.address;
    assert!(own.port() > taken.port() && own.port() <= taken.port() + 20, "{own}");
    assert_eq!(house.server.state.daemon_url.port(), Some(own.port()));
    assert_eq!(house.get("/api/v2/users/me").await.0, 200);
    assert!(stranger.accept().is_err(), "the stranger was spoken to");
}

#[tokio::test(flavor = "multi_thread")]
async fn f24_a_taken_stun_port_switches_stun_off_and_nothing_else() {
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = Config { stun: Some(stranger.local_addr().unwrap()), ..house::config(folder.path(), WAITS) };
    let house = House::with(folder, config).await;
    let (status, map) = house.get("/api/v2/derp-map").await;
    assert!(matches!(status.as_u16(), 200 | 426), "{map}");
    assert_eq!(server::net::derp_map(&house.server.state).regions.len(), 1);
    assert_eq!(house.get("/api/v2/users/me").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn f26_a_folder_has_one_server() {
    let house = House::new(WAITS).await;
    let data = house.folder.path().join(if is_sabotaged("F26") { "other" } else { "data" });
    let (is_refused, text) =
        refused(&["--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--stun", "off"]);
    assert!(is_refused && text.contains("another homeport-server uses the data folder"), "{text}");
    assert_eq!(house.get("/api/v2/users/me").await.0, 200, "the first goes on");
    // Twenty at once.
    let folder = tempfile::tempdir().unwrap();
    let config = house::config(folder.path(), WAITS);
    let racers: Vec<_> = (0..20).map(|_| tokio::spawn(server::start(config.clone()))).collect();
    let mut owners = Vec::new();
    for racer in racers {
        match racer.await.unwrap() {
            Ok(running) => owners.push(running),
            Err(error) => assert!(error.to_string().contains("another homeport-server"), "{error}"),
        }
    }
    assert_eq!(owners.len(), 1);
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text_of =
        |data: &Path| refused(&["--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--stun", "off"]);
    let missing = folder.path().join("none/data");
    let (is_refused, text) = text_of(&missing);
    assert!(is_refused && text.contains("is not there") && !missing.exists(), "{text}");
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let (is_refused, text) = text_of(&file);
    assert!(is_refused && text.contains("cannot be used"), "{text}");
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let Some(disk) = Disk::mount(folder.path(), "1m") else { return };
    std::fs::create_dir(disk.0.join("data")).unwrap();
    assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap().success());
    let (is_refused, text) = text_of(&disk.0.join("data"));
    assert!(is_refused && text.contains("cannot be written"), "{text}");
    assert_eq!(std::fs::read_dir(disk.0.join("data")).unwrap().count(), 0);
}

/// A server that starts says where, also when its usual port is taken.
#[test]
fn the_next_free_port_is_said() {
    // Taken by us or by somebody else: both will do.
    let _stranger = TcpListener::bind("127.0.0.1:7080");
    let folder = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_homeport-server"));
    server.arg("--data-dir").arg(folder.path().join("data")).args(["--stun", "off", "--no-local-user"]);
    let mut server = server.stderr(Stdio::piped()).env_remove("CODER_HTTP_ADDRESS").spawn().unwrap();
    let lines = std::io::BufReader::new(server.stderr.take().unwrap());
    let (found, line) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = std::io::BufRead::lines(lines).map_while(Result::ok);
        let _ = found.send(lines.find(|line| line.contains("Port 7080 is taken; using ")));
    });
    let line = line.recv_timeout(Duration::from_secs(20));
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(matches!(line, Ok(Some(_))), "{line:?}");
}
