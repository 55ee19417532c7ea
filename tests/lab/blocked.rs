//! F14 and F16: what stands in the way. No UDP, only what looks like the web: connected all the same, and directly
//! once nothing stands there any more. Packets that vanish when they are long: what is short goes on.

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
/// Where the program listens that a router puts in the way.
const MIDDLEBOX: u16 = 3129;

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

/// Connected through the relay, with traffic; then UDP opens and the same traffic goes directly.
async fn check(what: &str, prepare: impl FnOnce(&Lab), environment: &[&str], blocked: fn(&Lab) -> &Namespace) {
    let tunnelled = Tunnelled::with(NatKind::Cone, NatKind::Cone, Families::V4, prepare, environment).await;
    let router = blocked(&tunnelled.stage.lab);
    let echo = tunnelled.echo();
    echo.flows(Duration::from_secs(20));
    let stream = tunnelled.stream();
    stream.flows(Duration::from_secs(20));
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
    tunnelled.assert_nothing_leaked();
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

#[tokio::test(flavor = "multi_thread")]
async fn where_long_packets_vanish_short_ones_go_on() {
    if !available("where_long_packets_vanish_short_ones_go_on") {
        return;
    }
    let _turn = TURN.lock().await;
    let tunnelled = Tunnelled::build(NatKind::Cone, NatKind::Cone, Families::V4, |_| {}).await;
    tunnelled.wait_until_direct(UPGRADE);
    let echo = tunnelled.echo();
    let lab = &tunnelled.stage.lab;
    for (longest, wire) in [(1280, lab.wire_a()), (1000, lab.wire_a()), (1000, lab.wire_b())] {
        let longest = if sabotaged("F16") { 20 } else { longest };
        wire.set(Conditions { longest: Some(longest), ..HOME_LINE });
        let before = wire.counts().too_long;
        let too_long = || {
            // As long as a packet of the mesh may be.
            let mut ping = lab.alice.command("ping");
            ping.args(["-6", "-q", "-c", "1", "-W", "1", "-s", "1232", &tunnelled.address.to_string()]);
            tests::binary::output(&mut ping);
            wire.counts().too_long > before
        };
        assert!(too_long() || too_long(), "no packet was too long for {longest}");
        echo.flows(Duration::from_secs(20));
        wire.set(HOME_LINE);
    }
    echo.finish(&tunnelled.served);
    tunnelled.assert_nothing_leaked();
}
