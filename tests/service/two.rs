//! Two deployments in one tunnel: both are reached, the local one's names win, the clash is told, and one of them can be
//! left without hurting the other.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use proto::ipc::{Event, HealthCode};
use tests::binary::output;
use tests::lab::watch_until;

use super::sabotaged;
use super::stage::{Stage, ssh};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_at_once() {
    let Some(stage) = Stage::build("two_deployments_at_once", &[Some("ann"), Some("bea")]).await else { return };
    let [ann, bea] = stage.deployments.as_slice() else { unreachable!() };
    for there in [ann, bea] {
        there.create("box");
    }
    bea.create("only");
    // The one that is not local comes first: it is not the order that decides.
    stage.connect(1, sabotaged("two")).await;
    stage.wait_for_name("box.coder");
    let of_bea = stage.address_of("box.coder").unwrap();
    stage.connect(0, !sabotaged("two")).await;
    stage.wait_for_name("main.box.ann.coder");
    stage.wait_for_name("only.coder");
    // The resolver may remember the former answer for its two seconds.
    let of_ann = stage.address_of("main.box.ann.coder").unwrap();
    let address = |name: &'static str| {
        let mut command = stage.program("getent");
        command.args(["ahostsv6", name]);
        command
    };
    tests::lab::until(SOON, || address("box.coder"), |text| text.starts_with(&format!("{of_ann} ")));
    assert_ne!(of_ann, of_bea);
    for (name, expect) in [("main.box.me.coder", &of_ann), ("main.box.bea.coder", &of_bea)] {
        assert_eq!(stage.address_of(name).as_ref(), Some(expect), "{name}");
    }
    the_clash_is_told(&stage).await;
    let owner = |name: &str| stage.sh(&format!("{} {name} 'echo $CODER_WORKSPACE_OWNER_NAME'", ssh()));
    for (name, expect) in [
        ("box.coder", "ann\n"),
        ("main.box.ann.coder", "ann\n"),
        ("main.box.bea.coder", "bea\n"),
        ("only.coder", "bea\n"),
    ] {
        assert_eq!(owner(name), expect, "{name}");
    }
    // A session with each; then one deployment goes.
    let (mut kept, mut lost) = (Session::open(&stage, "main.box.bea.coder"), Session::open(&stage, "box.coder"));
    assert_eq!((kept.echo("one"), lost.echo("one")), (Some("one".to_owned()), Some("one".to_owned())));
    let leave = format!(r#"{{"id":2,"call":"disconnect","url":"{}"}}"#, ann.host.url());
    assert!(stage.service.ask(&leave).contains("done"));
    tests::lab::until(SOON, || address("box.coder"), |text| text.starts_with(&format!("{of_bea} ")));
    assert_eq!(kept.echo("two").as_deref(), Some("two"), "the other deployment's session goes on");
    assert!(!output(&mut address("main.box.ann.coder")).status.success());
    assert_eq!(owner("box.coder"), "bea\n");
    assert!(lost.is_cut(), "nobody is there any more");
    assert_eq!(kept.echo("three").as_deref(), Some("three"));
    watch_until(
        &stage.service.socket(),
        SOON,
        |event| matches!(event, Event::Deployment(status) if status.url == bea.host.url() && status.health.is_empty()),
    )
    .await;
}

async fn the_clash_is_told(stage: &Stage) {
    let (ann, bea) = (stage.deployments[0].host.url(), stage.deployments[1].host.url());
    watch_until(&stage.service.socket(), SOON, |event| {
        let Event::Deployment(status) = event else { return false };
        let clash = status.health.iter().find(|health| health.code == HealthCode::NameClash);
        assert!(status.url == bea || clash.is_none(), "it is told where the name is lost: {status:?}");
        clash.is_some_and(|clash| clash.detail.contains("box.coder") && clash.detail.contains(&ann))
    })
    .await;
}

/// An OpenSSH session that echoes lines.
struct Session {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Session {
    fn open(stage: &Stage, name: &str) -> Self {
        let mut command: Command = stage.resolved.command("sh");
        // Keeps nothing alive by itself: only what was sent may tell it that nobody is there.
        command.args(["-c", &format!("exec {} {name} cat", ssh())]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// Sends a line; what came back.
    fn echo(&mut self, line: &str) -> Option<String> {
        writeln!(self.child.stdin.as_mut()?, "{line}").ok()?;
        self.lines.recv_timeout(SOON).ok()
    }

    /// Whether it ended; it was given something to send, so it learns soon.
    fn is_cut(&mut self) -> bool {
        let sent = writeln!(self.child.stdin.as_mut().unwrap(), "anybody?");
        let heard = self.lines.recv_timeout(SOON);
        sent.is_err() || matches!(heard, Err(std::sync::mpsc::RecvTimeoutError::Disconnected))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
