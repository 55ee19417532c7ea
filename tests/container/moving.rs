//! A daemon whose machine gets another address: the kernel says so, and the mesh asks its STUN server from the new
//! address long before it would have done so by itself. Root only.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use tests::binary::{self, run};
use tests::host::{Host, Setup};
use tests::lab::{Namespace, SERVER};

use super::Guard;

/// From the change to the daemon's word about it: the debounce, and a busy machine.
const NOTICED: Duration = Duration::from_secs(3);
/// From the change to the first STUN question from the new address. Questions of one machine are 5 s apart; without a
/// change the next one would come after 20 s at the earliest.
const ASKED: Duration = Duration::from_secs(12);

/// The lines of a stream, read beside the test so that waiting for one has a limit.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn wait_for(lines: &Receiver<String>, wanted: &str, limit: Duration) {
    let end = Instant::now() + limit;
    let mut seen = Vec::new();
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) if line.contains(wanted) => return,
            Ok(line) => seen.push(line),
            Err(error) => panic!("no `{wanted}` within {limit:?}: {error}; seen: {seen:#?}"),
        }
    }
}

fn piped(mut command: Command) -> (Guard, Receiver<String>) {
    let mut child = Guard(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let lines = lines(child.0.stdout.take().unwrap());
    (child, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_noticed_and_stun_is_asked_from_it() {
    if !tests::lab::available("another_address_is_noticed_and_stun_is_asked_from_it") {
        return;
    }
    let (internet, machine) = (Namespace::new("net"), Namespace::new("m"));
    machine.cable("eth0", &internet, "eth0");
    for (namespace, address) in [(&internet, format!("{SERVER}/24")), (&machine, "203.0.113.2/24".to_owned())] {
        namespace.ip(&["addr", "add", &address, "dev", "eth0"]);
        namespace.ip(&["link", "set", "eth0", "up"]);
    }
    let wrapper = tempfile::tempdir().unwrap().keep().join("homeport-on-the-machine");
    let line = format!("exec ip netns exec {} {} \"$@\"", machine.name(), binary::path("homeport").display());
    binary::write_script(&wrapper, &line);
    let setup = Setup {
        daemon: Some(wrapper),
        stun: Some(SocketAddr::from((SERVER, 3478))),
        namespace: Some(internet.name().to_owned()),
        ..Setup::default()
    };
    let mut host = Host::start(setup).await;
    host.listen_on(SocketAddr::from((SERVER, 7080))).await;

    // Packet buffering off, one line each, no names: every question shows at once.
    let mut tcpdump = internet.command("tcpdump");
    tcpdump.args(["--immediate-mode", "-lni", "eth0", "udp dst port 3478"]);
    let (_tcpdump, questions) = piped(tcpdump);
    let (_, token) = host.session();
    let mut create = internet.command(binary::path("homeport"));
    create.args(["create", "box", "--template", "process", "--yes"]).env("CODER_URL", host.url());
    create.env("CODER_SESSION_TOKEN", &token).env("XDG_CONFIG_HOME", host.path("alice")).stdin(Stdio::null());
    run(&mut create);
    let workspace = fs::read_dir(host.path("data/workspaces")).unwrap().next().unwrap().unwrap().path();
    let mut tail = Command::new("tail");
    tail.args(["-n", "+1", "-F"]).arg(workspace.join("daemon.log"));
    let (_tail, news) = piped(tail);
    wait_for(&questions, "IP 203.0.113.2.", Duration::from_secs(20));

    let change = Instant::now();
    // In this order: an address of the same network that comes second would go with the first.
    machine.ip(&["addr", "del", "203.0.113.2/24", "dev", "eth0"]);
    machine.ip(&["addr", "add", "203.0.113.3/24", "dev", "eth0"]);
    wait_for(&news, "the addresses of this machine changed", NOTICED);
    wait_for(&questions, "IP 203.0.113.3.", ASKED.saturating_sub(change.elapsed()));
}
