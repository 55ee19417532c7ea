//! F14 and F16: what stands in the way. No UDP, only what looks like the web, only an HTTP proxy: connected all the same,
//! and directly once nothing stands there any more. Packets that vanish when they are long: the relay carries them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tests::lab::emulator::Conditions;
use tests::lab::{Families, Lab, Namespace, NatKind, available, inside};
use tests::sabotaged;

use super::TURN;
use super::tunnelled::{HOME_LINE, Tunnelled};

/// Until a way that was opened is used.
const UPGRADE: Duration = Duration::from_secs(30);
/// Where the program listens that a router puts in the way, or offers.
const MIDDLEBOX: u16 = 3129;
const PROXY: u16 = 3128;
/// What the proxy wants to hear: `ann:swordfish`.
const LOGIN: &str = "Basic YW5uOnN3b3JkZmlzaA==";
/// What must arrive where only the relay carries it.
const BULK: u64 = 20 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn without_udp_it_is_the_relay_and_with_it_direct_again() {
    if !available("without_udp_it_is_the_relay_and_with_it_direct_again") {
        return;
    }
    let _turn = TURN.lock().await;
    check("no UDP at the tunnel's home", |lab| lab.nat_a.set_udp(false), &[], |lab| &lab.nat_a).await;
    check("no UDP at the workspace's", |lab| lab.nat_b.set_udp(false), &[], |lab| &lab.nat_b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_websockets_only_is_enough() {
    if !available("what_passes_websockets_only_is_enough") {
        return;
    }
    let _turn = TURN.lock().await;
    let prepare = |lab: &Lab| {
        lab.nat_a.set_udp(false);
        run_on(&lab.nat_a, MIDDLEBOX, through_the_middlebox);
        lab.nat_a.divert_web(Some(MIDDLEBOX));
    };
    check("only websockets", prepare, &[], |lab| &lab.nat_a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_nothing_but_an_http_proxy_it_works_as_well() {
    if !available("behind_nothing_but_an_http_proxy_it_works_as_well") {
        return;
    }
    let _turn = TURN.lock().await;
    let prepare = |lab: &Lab| {
        lab.nat_a.set_udp(false);
        lab.nat_a.nft("add rule ip home through iifname lan meta l4proto != udp drop");
        run_on(&lab.nat_a, PROXY, through_the_proxy);
    };
    let variable = format!("HTTP_PROXY=http://ann:swordfish@10.81.1.1:{PROXY}");
    check("only an HTTP proxy", prepare, &[&variable], |lab| &lab.nat_a).await;
}

/// Connected through the relay, with traffic; then UDP opens and the same traffic goes directly.
async fn check(what: &str, prepare: impl FnOnce(&Lab), environment: &[&str], blocked: fn(&Lab) -> &Namespace) {
    let tunnelled = Tunnelled::with(NatKind::Cone, NatKind::Cone, Families::V4, prepare, environment).await;
    let router = blocked(&tunnelled.stage.lab);
    let echo = tunnelled.echo();
    echo.flows(Duration::from_secs(20));
    let stream = tunnelled.stream();
    stream.carries(BULK / 4, Duration::from_secs(60));
    assert_eq!(tunnelled.ssh("echo $CODER_WORKSPACE_NAME"), "box\n", "{what}");
    assert!(!tunnelled.is_direct(), "{what}: directly, without UDP");
    assert_eq!(router.udp_passed(), 0, "{what}");
    if !sabotaged("F14") {
        router.set_udp(true);
    }
    let took = tunnelled.wait_until_direct(UPGRADE);
    eprintln!("F14 {what}: direct {took:?} after UDP was open");
    let start = Instant::now();
    for client in [&echo, &stream] {
        client.goes_on(start, Duration::from_secs(20));
    }
    echo.finish(&tunnelled.served);
    stream.finish(&tunnelled.served);
    let log = tunnelled.service.log();
    assert!(!log.contains("swordfish") && !log.contains(&LOGIN[6..]), "the proxy's password is in the log");
}

/// A program on a router that treats each connection so.
fn run_on(router: &Namespace, port: u16, treat: fn(&str, TcpStream) -> std::io::Result<()>) {
    let name = router.name().to_owned();
    let listener = router.inside(|| TcpListener::bind(("10.81.1.1", port)).unwrap());
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let name = name.clone();
            std::thread::spawn(move || drop(treat(&name, stream)));
        }
    });
}

/// Something that knows websockets and refuses to switch to what it does not know.
fn through_the_middlebox(router: &str, mut client: TcpStream) -> std::io::Result<()> {
    let head = head_of(&mut client)?;
    if head.to_ascii_lowercase().contains("upgrade: derp") {
        return client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let mut server = inside(router, || TcpStream::connect("203.0.113.1:7080"))?;
    server.write_all(head.as_bytes())?;
    splice(client, server)
}

/// A proxy for those who know its password: it leads to the server, and to nobody else.
fn through_the_proxy(router: &str, mut client: TcpStream) -> std::io::Result<()> {
    let head = head_of(&mut client)?;
    if !head.contains(&format!("\r\nProxy-Authorization: {LOGIN}\r\n"))
        && !head.contains(&format!("\r\nproxy-authorization: {LOGIN}\r\n"))
    {
        let who = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return client.write_all(who.as_bytes());
    }
    let is_way = head.starts_with("CONNECT lab.test:7080 ") || head.starts_with("CONNECT 203.0.113.1:7080 ");
    if !is_way && !head.contains(" http://lab.test:7080/") {
        return client.write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    let mut server = inside(router, || TcpStream::connect("203.0.113.1:7080"))?;
    if is_way {
        client.write_all(b"HTTP/1.1 200 Well\r\n\r\n")?;
    } else {
        server.write_all(head.as_bytes())?;
    }
    splice(client, server)
}

/// Everything up to the empty line, byte for byte.
fn head_of(client: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16 << 10 {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn splice(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (BufReader::new(server), client);
    loop {
        let piece = from_server.fill_buf()?;
        let length = piece.len();
        if length == 0 {
            return to_client.shutdown(std::net::Shutdown::Write);
        }
        to_client.write_all(piece)?;
        from_server.consume(length);
    }
}

/// Faster than a line at home, so that bulk takes seconds.
const FAST_LINE: Conditions = Conditions { rate: Some(100_000_000), ..HOME_LINE };

#[tokio::test(flavor = "multi_thread")]
async fn where_long_packets_vanish_the_relay_carries_them() {
    if !available("where_long_packets_vanish_the_relay_carries_them") {
        return;
    }
    let _turn = TURN.lock().await;
    let tunnelled = Tunnelled::build(NatKind::Cone, NatKind::Cone, Families::V4, |_| {}).await;
    let lab = &tunnelled.stage.lab;
    let echo = tunnelled.echo();
    for (longest, wire) in [(1280, lab.wire_a()), (1000, lab.wire_a()), (1000, lab.wire_b())] {
        for wire in [lab.wire_a(), lab.wire_b()] {
            wire.set(FAST_LINE);
        }
        tunnelled.wait_until_direct(UPGRADE);
        let running = tunnelled.stream();
        running.flows(Duration::from_secs(20));
        let before = wire.counts().too_long;
        // The control: not even what goes to the relay fits.
        let least = if sabotaged("F16") { 900 } else { longest };
        wire.set(Conditions { longest: Some(least), ..FAST_LINE });
        let start = Instant::now();
        let resumed = running.carries(BULK / 4, Duration::from_secs(60));
        drop(running);
        // A transfer that begins now.
        let (bulk, from) = (tunnelled.stream(), Instant::now());
        bulk.carries(BULK, Duration::from_secs(60));
        eprintln!("F16 {longest}: the one that ran goes on after {resumed:?}, a new one took {:?}", from.elapsed());
        assert!(wire.counts().too_long > before, "no packet was too long for {longest}");
        // What is shown may be as old as the last look.
        let looked = Instant::now();
        while tunnelled.is_direct() {
            assert!(looked.elapsed() < UPGRADE, "{longest}: a path that cannot carry full packets is trusted");
        }
        echo.goes_on(start, Duration::from_secs(120));
        wire.set(FAST_LINE);
    }
    echo.finish(&tunnelled.served);
}
