//! F09: the cable of the tunnel's home fails for a fifth of a second up to a minute. Streams go on exactly, and within two
//! seconds of its return a packet gets through.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tests::lab::{Families, NatKind, available, settle};
use tests::sabotaged;

use super::TURN;
use super::tunnelled::Tunnelled;

/// How long the cable fails, in milliseconds: twenty on every push, and the long ones with `HOMEPORT_LONG`.
const SILENT: [u64; 12] = [200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 1900, 2500, 4000];
const WITH_CARRIER: [u64; 8] = [200, 300, 500, 700, 1000, 1400, 2000, 3000];
const LONG: [u64; 7] = [6000, 8000, 10_000, 15_000, 20_000, 30_000, 60_000];

/// After the link is back.
const BACK: Duration = Duration::from_secs(2);
/// TCP repeats after a pause that grew with the outage: it goes on after as long again, and what a busy machine adds.
fn patience(outage: Duration) -> Duration {
    2 * outage + Duration::from_secs(20)
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_survive_a_cable_that_fails_for_a_while() {
    if !available("streams_survive_a_cable_that_fails_for_a_while") {
        return;
    }
    let _turn = TURN.lock().await;
    let tunnelled = Tunnelled::build(NatKind::Cone, NatKind::Cone, Families::V4, |_| {}).await;
    tunnelled.wait_until_direct(Duration::from_secs(30));
    let (echo, stream) = (tunnelled.echo(), tunnelled.stream());
    let alice = &tunnelled.stage.lab.alice;
    if sabotaged("F09") {
        tunnelled.service.signal(Signal::SIGSTOP);
    }
    let is_long_run = std::env::var_os("HOMEPORT_LONG").is_some();
    let silent = SILENT.iter().chain(LONG.iter().filter(|_| is_long_run)).map(|length| (*length, false));
    let with_carrier = WITH_CARRIER.iter().chain(LONG.iter().filter(|_| is_long_run)).map(|length| (*length, true));
    for (length, is_seen) in silent.chain(with_carrier) {
        echo.flows(Duration::from_secs(30));
        stream.flows(Duration::from_secs(30));
        let length = Duration::from_millis(length);
        if is_seen {
            alice.ip(&["link", "set", "eth0", "down"]);
        }
        tunnelled.stage.lab.wire_a().cut_for(length);
        if is_seen {
            // With the link, the kernel forgets the way; whoever manages the network sets it again.
            settle(alice, 1, Families::V4);
        }
        let link = Instant::now();
        let back = tunnelled.answers(Duration::from_secs(20)).unwrap_or_else(|| panic!("not back after {length:?}"));
        let resumed = [&echo, &stream].map(|client| client.goes_on(link, patience(length)));
        eprintln!("F09 {length:?} (seen: {is_seen}): back after {back:?}, streams after {resumed:?}");
        assert!(back < BACK, "back only {back:?} after an outage of {length:?}");
    }
    let lines = echo.finish(&tunnelled.served);
    let bytes = stream.finish(&tunnelled.served);
    eprintln!("F09: {lines} lines, {bytes} bytes, all right");
}
