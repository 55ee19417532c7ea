//! `make bench`: every number with its peer in the same run, interleaved, printed and written to `docs/performance.md`.

#![allow(clippy::print_stdout)] // The table is for the terminal.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use tests::bench::table::{Row, Target, markdown};
use tests::bench::{device, footprint, inside, peers, relay, tray, tunnel};
use tests::binary;
use tests::host::{Host, Setup};

const ROUNDS: usize = 5;
const MEGABYTES: u64 = 256;
const PAIRS: usize = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut rows = Vec::new();
    // `bench relays`, `bench device` and `bench tray` look at one thing and write no page.
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {}
        ["relays"] => relays(&Host::start(Setup::default()).await, folder.path(), &mut rows).await?,
        ["device"] => device::measure(ROUNDS, folder.path(), &mut rows).await?,
        ["tray"] => tray::measure(ROUNDS, &mut rows).await?,
        ["stage"] => return device::hold().await,
        ["inside", ref rest @ ..] => return measure_inside(rest).await,
        _ => anyhow::bail!("usage: bench [relays | device | tray | stage]"),
    }
    if !words.is_empty() {
        println!("{}", markdown(&rows));
        return Ok(());
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    idle(&host, &mut rows).await?;
    people_wait(&host, &mut rows).await?;
    tunnels(&host, folder.path(), &mut rows).await?;
    relays(&host, folder.path(), &mut rows).await?;
    drop(host);
    tray::measure(ROUNDS, &mut rows).await?;
    device::measure(ROUNDS, folder.path(), &mut rows).await?;
    let homeport = binary::path("homeport");
    let size = footprint::mebibytes(&homeport)?;
    rows.push(Row { what: "`homeport` static, MiB", ours: vec![size], peer: vec![], target: Target::AtMost(15.0) });
    report(&rows)
}

/// What `device` asks of this program in a namespace: one number on standard output.
async fn measure_inside(words: &[&str]) -> anyhow::Result<()> {
    let number = match *words {
        ["dns", name, seconds] => inside::dns(name, seconds.parse()?).await?,
        ["first-name", name, socket, url] => inside::first_name(name, socket.as_ref(), url).await?,
        _ => anyhow::bail!("usage: bench inside dns NAME SECONDS | bench inside first-name NAME SOCKET URL"),
    };
    println!("{number}");
    Ok(())
}

async fn idle(host: &Host, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..ROUNDS {
        starts.push(footprint::server_start().await);
    }
    rows.push(Row { what: "server start to first 200, ms", ours: starts, peer: vec![], target: Target::AtMost(100.0) });
    binary::run(&mut host.homeport(&["ssh", "box", "--", "true"]));
    let daemon = footprint::daemon_pid(host)?;
    let span = Duration::from_secs(20);
    let cpu = footprint::cpu_percent(daemon, span).await?;
    let (server, daemon) = (peers::resident_mib(host.server_pid())?, peers::resident_mib(daemon)?);
    rows.push(Row { what: "server idle, MiB RSS", ours: vec![server], peer: vec![], target: Target::AtMost(40.0) });
    rows.push(Row { what: "daemon idle, MiB RSS", ours: vec![daemon], peer: vec![], target: Target::AtMost(15.0) });
    rows.push(Row { what: "daemon idle, % of a core", ours: vec![cpu], peer: vec![], target: Target::AtMost(0.1) });
    Ok(())
}

async fn people_wait(host: &Host, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let (mut warm, mut fresh) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        warm.push(footprint::command(&mut host.homeport(&["ssh", "box", "--", "true"])));
        let name = format!("bench{round}");
        let create = footprint::command(&mut host.homeport(&["create", &name, "--template", "process", "--yes"]));
        fresh.push(create + footprint::command(&mut host.homeport(&["ssh", &name, "--", "true"])));
        binary::run(&mut host.homeport(&["delete", &name, "--yes"]));
    }
    rows.push(Row { what: "`homeport ssh box -- true`, ms", ours: warm, peer: vec![], target: Target::AtMost(150.0) });
    rows.push(Row { what: "create to SSH answer, ms", ours: fresh, peer: vec![], target: Target::AtMost(1500.0) });
    Ok(())
}

async fn tunnels(host: &Host, folder: &std::path::Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let peer = peers::build("./wgnetstack", "wgnetstack", folder)?;
    let url = host.url().parse()?;
    let (mut ours, mut theirs, mut added, mut theirs_latency) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        ours.push(tunnel::Pair::direct(&url).await?.throughput(MEGABYTES).await?);
        let bare = bare_latency().await?;
        added.push(tunnel::Pair::direct(&url).await?.latency(2000).await? - bare);
        if let Some(program) = &peer {
            theirs.push(peers::wgnetstack(program, "throughput", MEGABYTES, "megabits_per_second")?);
            theirs_latency.push(peers::wgnetstack(program, "latency", 2000, "p50_ms")? - bare);
        }
    }
    rows.push(Row {
        what: "user-space TCP, one stream, Mbit/s (peer: wireguard-go netstack)",
        ours,
        peer: theirs,
        target: Target::RatioAtLeast(2.0),
    });
    rows.push(Row {
        what: "added round trip p50 on loopback, ms (peer: the same)",
        ours: added,
        peer: theirs_latency,
        target: Target::AtMost(0.2),
    });
    Ok(())
}

/// Median round trip of one byte over plain loopback TCP, in milliseconds.
async fn bare_latency() -> anyhow::Result<f64> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let client = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tunnel::round_trips(client, server, 2000).await
}

async fn relays(host: &Host, folder: &std::path::Path, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let program = peers::build("tailscale.com/cmd/derper", "derper", folder)?;
    let address: SocketAddr = host.url().trim_start_matches("http://").parse()?;
    let (mut ours, mut theirs) = (vec![], vec![]);
    let (mut our_memory, mut their_memory) = (vec![], vec![]);
    let (mut our_share, mut their_share) = (vec![], vec![]);
    let span = Duration::from_secs(3);
    let before = peers::resident_mib(host.server_pid())?;
    for _ in 0..ROUNDS {
        ours.push(relay::throughput(address, PAIRS, span).await?);
        let after = peers::resident_mib(host.server_pid())?;
        our_memory.push(after);
        our_share.push((after - before).max(0.1));
        println!("relay round: {after:.2} MiB RSS, {:.2} more than idle", after - before);
        if let Some(program) = &program {
            let derper = peers::Derper::start(program, folder, &[]).await?;
            let before = peers::resident_mib(derper.pid())?;
            theirs.push(relay::throughput(derper.address, PAIRS, span).await?);
            let after = peers::resident_mib(derper.pid())?;
            their_memory.push(after);
            their_share.push((after - before).max(0.1));
        }
    }
    rows.push(Row {
        what: "relay, 4 pairs, Mbit/s (peer: derper)",
        ours,
        peer: theirs,
        target: Target::RatioAtLeast(1.5),
    });
    rows.push(Row {
        what: "memory after that load, MiB RSS (ours: the whole server, with REST, store and coordinator)",
        ours: our_memory,
        peer: their_memory.clone(),
        target: Target::RatioAtMost(0.34),
    });
    rows.push(Row {
        what: "relay memory, MiB: what the load added to our server, and the whole derper",
        ours: our_share.clone(),
        peer: their_memory,
        target: Target::RatioAtMost(0.34),
    });
    rows.push(Row {
        what: "what that load added to a relay that was idle, MiB RSS",
        ours: our_share,
        peer: their_share,
        target: Target::RatioAtMost(1.0),
    });
    Ok(())
}

/// What the rows of the device mean.
const ABOUT_DEVICE: &str = "\
Rows of the device: two namespaces and a cable between them, one `iperf3` stream of a second in each round. Near is the
system tunnel, far a workspace daemon, whose user-space stack ends the stream and begins another on loopback. Two system
tunnels cannot be measured against each other: both are clients, and clients are no peers. So the same path is measured
both ways instead. The target is the Go module of today at its own MTU of 1420.
";

fn report(rows: &[Row]) -> anyhow::Result<()> {
    let shell = |command: &str| binary::run(Command::new("sh").args(["-c", command])).trim().to_owned();
    let machine = shell("nproc; uname -sr; sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1").replace('\n', ", ");
    let text = format!(
        "# Performance\n\nWritten by `make bench` on {}: cores, kernel and processor {machine}; commit {}.\n\
         {ROUNDS} rounds of ours and the peer's, interleaved in one run. Nothing here is a test: a busy machine makes\n\
         both sides slow, so the ratio is what counts. A missed target is said, not hidden.\n\n{ABOUT_DEVICE}\n{}",
        shell("date -u +%F"),
        shell("git rev-parse --short HEAD"),
        markdown(rows)
    );
    println!("{text}");
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance.md");
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}
