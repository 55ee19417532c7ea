//! The tunnel's face: programs that know nothing of us reach a workspace by its name.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::binary::{output, path, run};
use tests::host::{Host, Setup};
use tests::lab::available;

use super::{Service, until};

#[tokio::test(flavor = "multi_thread")]
async fn programs_reach_a_workspace_by_its_name() {
    if !available("programs_reach_a_workspace_by_its_name") {
        return;
    }
    let service = Service::start("0");
    let namespace = service.namespace.name().to_owned();
    let setup = Setup { first_workspace: Some("box"), namespace: Some(namespace.clone()), ..Setup::default() };
    let host = Host::start(setup).await;
    let inside = |line: &str| {
        let mut command = Command::new("ip");
        // The system's resolver here is our server alone.
        let resolver = "mount --make-rprivate /; echo nameserver fd60:627a:a42b::53 >/tmp/.hp-resolv; mount --bind /tmp/.hp-resolv /etc/resolv.conf";
        command.args(["netns", "exec", &namespace, "unshare", "-m", "sh", "-c", &format!("{resolver}; {line}")]);
        command
    };
    let (url, token) = host.session();
    let asked = Instant::now();
    let connect = format!(r#"{{"id":1,"call":"connect","url":"{url}","token":"{token}","is_local":true}}"#);
    assert!(service.ask(&connect).contains("done"));
    let resolves = || output(&mut inside("getent ahostsv6 box.coder")).status.success();
    until(Duration::from_secs(30), resolves);
    eprintln!("the first name after {:?}, with the workspace's own start", asked.elapsed());
    for line in [
        "getent ahostsv6 box.coder",
        "getent ahostsv6 main.box.me.coder",
        "getent ahostsv6 is.coder--connect--enabled--right--now.coder | grep -q fd60:627a:a42b::53",
        "ping -6 -c1 -W3 box.coder",
    ] {
        run(&mut inside(line));
    }
    let address = run(&mut inside("getent ahostsv6 box.coder | head -1 | cut -d' ' -f1")).trim().to_owned();
    let ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
    assert_eq!(run(&mut inside(&format!("{ssh} box.coder 'echo $CODER_WORKSPACE_NAME'"))), "box\n");
    // The server itself, through the tunnel: the workspace runs where it does.
    let port = url.rsplit_once(':').unwrap().1;
    let web = run(&mut inside(&format!(
        "curl -6 -sS -m 10 -o /dev/null -w '%{{http_code}}' http://box.coder:{port}/healthz"
    )));
    assert_ne!(web, "000");
    // Nobody there: at once, not after a minute.
    let start = Instant::now();
    assert!(!output(&mut inside("curl -g -sS -m 20 'http://[fd60:627a:a42b:1::9]/'")).status.success());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    stopped_workspaces_have_no_name(&host, &namespace, inside);
    assert!(service.ask(r#"{"id":2,"call":"disconnect"}"#).contains("done"));
    until(Duration::from_secs(5), || !service.namespace.ip(&["link"]).contains("homeport0"));
    assert!(!service.log().contains(&token) && !address.is_empty());
}

fn stopped_workspaces_have_no_name(host: &Host, namespace: &str, inside: impl Fn(&str) -> Command) {
    let mut stop = Command::new("ip");
    stop.args(["netns", "exec", namespace]).arg(path("homeport")).args(["stop", "box", "--yes"]);
    stop.env("HOMEPORT_DATA_DIR", host.path("data")).env("HOME", host.path("home"));
    run(&mut stop);
    let took = until(Duration::from_secs(3), || !output(&mut inside("getent ahostsv6 box.coder")).status.success());
    eprintln!("the name was gone after {took:?}");
}
