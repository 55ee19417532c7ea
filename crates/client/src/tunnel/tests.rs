//! A service that is a table: what it says, and what a person reads then.

use std::path::{Path, PathBuf};

use proto::ipc::frame::encode;
use proto::ipc::{
    Call, DeploymentState, DeploymentStatus, Event, Fault, FaultCode, FromService, Health, HealthCode, Outcome, Reply,
    Request, ServiceStatus,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::{Picture, Tunnel, TunnelError, socket};

/// A fake service in a folder of its own, which says `bytes` to its first caller and then reads until the caller goes.
struct Fake {
    _folder: tempfile::TempDir,
    path: PathBuf,
    heard: tokio::task::JoinHandle<Vec<u8>>,
}

fn fake(bytes: Vec<u8>, closes: bool) -> Fake {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let mut heard = Vec::new();
        if !closes {
            let _ = stream.read_to_end(&mut heard).await;
        }
        heard
    });
    Fake { _folder: folder, path, heard }
}

fn line(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn say(messages: &[FromService]) -> Vec<u8> {
    let mut bytes = line("homeport-tunnel 1.0\n");
    messages.iter().for_each(|message| bytes.extend(encode(message).unwrap()));
    bytes
}

fn done(id: u64) -> FromService {
    FromService::Reply(Reply { id, outcome: Outcome::Done })
}

fn service(version: &str) -> Event {
    Event::Service(ServiceStatus { version: version.into(), ..ServiceStatus::default() })
}

/// The error in one line, with its next step.
fn told(error: &TunnelError, path: &Path) -> String {
    let text = match error.next_step() {
        Some(step) => format!("{error}; {step}"),
        None => error.to_string(),
    };
    text.replace(&path.display().to_string(), "SOCKET")
}

#[tokio::test]
async fn a_service_that_cannot_be_spoken_with_is_named() {
    async fn check(bytes: Vec<u8>, closes: bool, expect: &str) {
        let fake = fake(bytes, closes);
        let error = match Tunnel::open(&fake.path).await {
            Ok(mut tunnel) => tunnel.call(Call::Wake).await.unwrap_err(),
            Err(error) => error,
        };
        let told = told(&error, &fake.path);
        assert!(told.contains(expect), "{told}");
        assert!(error.next_step().is_some() && !error.is_absent(), "{told}");
    }
    check(line("homeport-tunnel 2.0\n"), false, "newer than ours (1); update this program").await;
    check(line("homeport-tunnel 0.3\n"), false, "update the service and restart it").await;
    check(line("SSH-2.0-OpenSSH\n"), false, "HOMEPORT_TUNNEL_SOCKET").await;
    check(vec![b'x'; 4096], false, "does not speak the tunnel's protocol").await;
    check(line(""), true, "this user may not speak to the tunnel service (SOCKET); only the user at the screen").await;
    check(line("homeport-tunnel 1.0\n"), true, "ended the connection; look at its log").await;
    check([line("homeport-tunnel 1.0\n"), vec![0xff; 8]].concat(), false, "a frame of 4294967295 bytes").await;
    check([line("homeport-tunnel 1.0\n"), vec![0, 0, 0, 2, b'{', b'}']].concat(), false, "no message of this protocol")
        .await;
    check([line("homeport-tunnel 1.0\n"), vec![0, 0, 0, 9, b'{']].concat(), true, "ended the connection").await;
}

#[tokio::test]
async fn no_service_and_a_closed_door_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    assert!(Tunnel::open(&path).await.unwrap_err().is_absent());
    // A socket whose service was killed.
    drop(UnixListener::bind(&path).unwrap());
    let error = Tunnel::open(&path).await.unwrap_err();
    assert!(error.is_absent());
    assert!(told(&error, &path).starts_with("the tunnel service does not run (SOCKET); start it (`systemctl start"));
    let denied = TunnelError::of_connect(&path, std::io::ErrorKind::PermissionDenied.into());
    assert!(!denied.is_absent());
    let told = told(&denied, &path);
    assert!(told.starts_with("this user may not speak to the tunnel service (SOCKET); only the user"), "{told}");
    assert!(told.contains("usermod -aG homeport") && told.contains("--userspace"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_stuck_service_is_given_up() {
    // Time stands still but for deadlines: nothing else can happen.
    let fake = fake(Vec::new(), false);
    assert!(matches!(Tunnel::open(&fake.path).await, Err(TunnelError::Silent)));
}

#[tokio::test]
async fn refusals_carry_their_reason_and_the_connection_goes_on() {
    let fault = |code, health: Option<Health>| {
        Outcome::Refused(Fault { code, text: "The tunnel belongs to bob.".into(), health })
    };
    let replies = [
        FromService::Reply(Reply { id: 1, outcome: fault(FaultCode::NotOwner, None) }),
        FromService::Reply(Reply {
            id: 2,
            outcome: fault(FaultCode::System, Some(Health::new(HealthCode::TunMissing, ""))),
        }),
        FromService::Reply(Reply { id: 3, outcome: fault(FaultCode::TooMany, None) }),
        FromService::Event(service("between")),
        done(99),
        done(4),
    ];
    let fake = fake(say(&replies), false);
    let mut tunnel = Tunnel::open(&fake.path).await.unwrap();
    let mut step = async || {
        let error = tunnel.call(Call::Wake).await.unwrap_err();
        assert_eq!(error.to_string(), "The tunnel belongs to bob.");
        error.next_step()
    };
    assert_eq!(step().await.as_deref(), Some("let that user run `homeport connect stop`"));
    assert_eq!(step().await.as_deref(), Some(HealthCode::TunMissing.next_step()));
    assert_eq!(step().await, None);
    tunnel.call(Call::Disconnect { url: None }).await.unwrap();
    assert_eq!(tunnel.next().await.unwrap(), service("between"));
    drop(tunnel);
    let heard = fake.heard.await.unwrap();
    assert!(heard.starts_with(b"homeport-tunnel 1.0\n"));
    let mut frames = proto::ipc::Frames::default();
    frames.push(&heard[20..]);
    let ids: Vec<u64> = std::iter::from_fn(|| frames.take::<Request>().unwrap()).map(|request| request.id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
}

fn deployment(url: &str, state: DeploymentState) -> Event {
    Event::Deployment(DeploymentStatus { url: url.into(), suffix: None, state, health: Vec::new(), names: 0 })
}

#[tokio::test]
async fn a_watch_begins_with_the_whole_state() {
    let state = [
        done(1),
        FromService::Event(service("1")),
        FromService::Event(deployment("http://a", DeploymentState::Asking)),
        FromService::Event(deployment("http://b", DeploymentState::Connected)),
        FromService::Event(deployment("http://a", DeploymentState::Connected)),
        FromService::Event(Event::Removed { url: "http://b".into() }),
    ];
    let fake = fake(say(&state), false);
    let picture = Tunnel::open(&fake.path).await.unwrap().watch().await.unwrap();
    assert_eq!(picture.service.unwrap().version, "1");
    let states: Vec<_> =
        picture.deployments.iter().map(|(url, of)| (url.as_str(), of.status.as_ref().unwrap().state)).collect();
    assert_eq!(states, [("http://a", DeploymentState::Connected)]);
}

#[test]
fn parts_of_a_list_replace_the_former_list() {
    let daemon = |number: u128| proto::ipc::DaemonStatus {
        id: proto::id::AgentId(uuid::Uuid::from_u128(number)),
        workspace: proto::id::WorkspaceId(uuid::Uuid::from_u128(1)),
        workspace_name: "box".into(),
        name: "main".into(),
        hostnames: Vec::new(),
        address: std::net::Ipv6Addr::LOCALHOST,
        path: proto::ipc::DaemonPath::None,
        latency_ms: None,
        handshake_age: None,
        counters: proto::ipc::Counters::default(),
    };
    let mut picture = Picture::default();
    let mut check = |is_first, numbers: &[u128], expect: usize| {
        let daemons = numbers.iter().map(|number| daemon(*number)).collect();
        picture.apply(Event::Daemons { url: "http://a".into(), is_first, daemons });
        assert_eq!(picture.deployments["http://a"].daemons.len(), expect);
    };
    check(true, &[1, 2], 2);
    check(false, &[3], 3);
    check(true, &[4], 1);
    picture.apply(Event::Unknown);
    for number in 0..200 {
        picture.apply(deployment(&format!("http://{number}"), DeploymentState::Asking));
    }
    assert_eq!(picture.deployments.len(), 64, "a service that invents deployments does not fill our memory");
}

#[test]
fn the_socket_is_the_service_s_unless_named() {
    assert_eq!(socket(None), Path::new("/run/homeport/tunnel.sock"));
    assert_eq!(socket(Some("".as_ref())), Path::new("/run/homeport/tunnel.sock"));
    assert_eq!(socket(Some("/tmp/x".as_ref())), Path::new("/tmp/x"));
}

#[tokio::test]
async fn what_a_stranger_said_before_it_closed_is_read() {
    let path = Path::new("/run/homeport/tunnel.sock");
    let greeted = async |said: &[u8]| {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(said).await.unwrap();
        drop(theirs);
        Tunnel::greet(ours, path).await.unwrap_err()
    };
    let stranger = greeted(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(matches!(stranger, TunnelError::Version(_)), "{stranger:?}");
    let silent = greeted(b"").await;
    assert!(matches!(silent, TunnelError::Denied(_)), "{silent:?}");
}

#[test]
fn a_picture_tells_the_root_causes_and_what_it_does_not_know() {
    use HealthCode as C;
    let health = |codes: &[C]| codes.iter().map(|code| Health::new(*code, "")).collect::<Vec<_>>();
    let mut picture = Picture::default();
    assert_eq!(picture.health(), []);
    let machine = health(&[C::NoNetwork, C::NameClash]);
    picture.apply(Event::Service(ServiceStatus { health: machine.clone(), ..ServiceStatus::default() }));
    for (url, codes) in
        [("http://a", [C::DeploymentUnreachable, C::Unknown]), ("http://b", [C::NoRelay, C::SuffixRefused])]
    {
        let (url, state, health) = (url.into(), DeploymentState::Reconnecting, health(&codes));
        picture.apply(Event::Deployment(DeploymentStatus { url, suffix: None, state, health, names: 0 }));
    }
    let expect = [machine, health(&[C::Unknown, C::SuffixRefused])].concat();
    assert_eq!(picture.health(), expect, "no network explains what is unreachable");
}
