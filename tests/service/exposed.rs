//! A10: a running workspace daemon listens on nothing. No port answers to its network, nor to its own machine, and its
//! one UDP socket has no word for strangers.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::RangeInclusive;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tests::binary::{path, run, write_script};
use tests::host::{Host, Setup};
use tests::lab::{Namespace, available};

use super::sabotaged;

/// The workspace's machine on its network.
const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// Longer than any answer on a cable takes.
const SILENCE: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_daemon_exposes_nothing() {
    if !available("a_workspace_daemon_exposes_nothing") {
        return;
    }
    let (server, workspace) = (Namespace::new("server"), Namespace::new("workspace"));
    server.cable("lan", &workspace, "eth0");
    for (namespace, link, last) in [(&server, "lan", 1), (&workspace, "eth0", 2)] {
        namespace.ip(&["addr", "add", &format!("192.0.2.{last}/24"), "dev", link]);
        namespace.ip(&["link", "set", link, "up"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let daemon = folder.path().join("homeport-in-its-workspace");
    let line = format!("exec ip netns exec {} {} \"$@\"", workspace.name(), path("homeport").display());
    write_script(&daemon, &line);
    let setup = Setup { daemon: Some(daemon), namespace: Some(server.name().to_owned()), ..Setup::default() };
    let mut host = Host::start(setup).await;
    host.listen_on("192.0.2.1:7080".parse().unwrap()).await;
    run(&mut host.homeport_in(&server, &["create", "box", "--template", "this-computer", "--yes"]));
    // A session that stays: what it needs is there while we look.
    let mut session = host.homeport_in(&server, &["ssh", "box", "--", "echo here; exec cat"]);
    let _session = Session::begin(session.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let _own = sabotaged("A10").then(|| workspace.inside(|| TcpListener::bind("127.0.0.1:2222").unwrap()));

    assert_eq!(run(workspace.command("ss").args(["-H", "-ltnp"])), "", "nothing listens for TCP");
    let sockets = run(workspace.command("ss").args(["-H", "-lunp"]));
    assert!(sockets.lines().all(|line| line.contains("\"homeport\"")), "{sockets}");
    let port_of = |line: &str| line.split_whitespace().nth(3)?.rsplit(':').next()?.parse::<u16>().ok();
    let ports: BTreeSet<u16> = sockets.lines().filter_map(port_of).collect();
    assert_eq!(ports.len(), 1, "the mesh's own port, for IPv4 and IPv6, and no other: {sockets}");
    let from_inside = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let open: Vec<SocketAddr> =
        from_inside.iter().flat_map(|address| workspace.inside(|| scan(*address, 1..=u16::MAX))).collect();
    assert_eq!(open, [], "from its own machine");
    assert_eq!(server.inside(|| scan(HERE.into(), 1..=u16::MAX)), [], "from its network");
    let of_server = server.inside(|| scan(Ipv4Addr::new(192, 0, 2, 1).into(), 7000..=7100));
    assert_eq!(of_server, ["192.0.2.1:7080".parse().unwrap()], "the scan sees what listens");

    let answers = server.inside(|| knock(SocketAddr::new(HERE.into(), *ports.first().unwrap())));
    assert_eq!(answers, 0, "a stranger hears nothing");
}

/// Ports that take a connection.
fn scan(address: IpAddr, ports: RangeInclusive<u16>) -> Vec<SocketAddr> {
    let takes = |place: &SocketAddr| {
        let connected = TcpStream::connect_timeout(place, Duration::from_secs(1));
        // On one machine a port that is free may be our own end: TCP then connects it to itself.
        connected.is_ok_and(|stream| stream.local_addr().unwrap() != *place)
    };
    ports.map(|port| SocketAddr::new(address, port)).filter(takes).collect()
}

/// How many answers come to what strangers send.
fn knock(place: SocketAddr) -> usize {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let padded = |start: &[u8], length: usize| {
        let mut bytes = start.to_vec();
        bytes.resize(length, 0x5a);
        bytes
    };
    let knocks = [
        Vec::new(),
        padded(b"hello", 5),
        // WireGuard: a handshake of a stranger, an answer and data that nobody asked for.
        padded(&[1, 0, 0, 0], 148),
        padded(&[2, 0, 0, 0], 92),
        padded(&[4, 0, 0, 0], 64),
        // A probe of the mesh by an unknown key, and a question of STUN.
        padded("TS💬".as_bytes(), 120),
        [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat(),
        // A question for a name.
        b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03box\x05coder\0\0\x1c\0\x01".to_vec(),
    ];
    for bytes in &knocks {
        socket.send_to(bytes, place).unwrap();
    }
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| socket.recv_from(&mut buffer).ok()).count()
}

/// A session that ends with its test.
struct Session(Child);

impl Session {
    fn begin(command: &mut Command) -> Self {
        use std::io::Read;
        let mut session = Self(command.spawn().unwrap());
        let mut line = [0; 5];
        session.0.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"here\n");
        session
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
