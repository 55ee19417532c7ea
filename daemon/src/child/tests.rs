//! Real children of /bin/sh: output, exit codes, limits, and that nothing is left behind.

use std::time::Duration;

use tokio::process::Command;

use super::{End, Output, run};
use crate::os::process::detach;

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script);
    detach(&mut command);
    command
}

async fn check(script: &str, stdout: &str, stderr: &str, end: &str) {
    let (mut out, mut err) = (vec![], vec![]);
    let ended = run(shell(script), Some(Duration::from_secs(20)), |pipe, bytes| match pipe {
        Output::Standard => out.extend_from_slice(bytes),
        Output::Error => err.extend_from_slice(bytes),
    })
    .await;
    let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
    assert_eq!((out.as_str(), err.as_str(), format!("{ended:?}").as_str()), (stdout, stderr, end), "{script}");
}

#[tokio::test]
async fn output_and_exit_code() {
    check("true", "", "", "Exited(0)").await;
    check("echo out; echo err >&2; exit 3", "out\n", "err\n", "Exited(3)").await;
    check("kill -KILL $$", "", "", "Signalled(9)").await;
    check("cat; echo end of input", "end of input\n", "", "Exited(0)").await;
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let end = run(Command::new("/nonexistent/program"), None, |_, _| {}).await;
    assert!(matches!(end, End::NotStarted(_)), "{end:?}");
}

#[tokio::test]
async fn the_limit_kills_the_whole_group() {
    let mut pid = String::new();
    let end = run(shell("sleep 1000 & echo $!; wait"), Some(Duration::from_millis(300)), |_, bytes| {
        pid.push_str(&String::from_utf8_lossy(bytes));
    })
    .await;
    assert!(matches!(end, End::TimedOut), "{end:?}");
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    ends(pid.as_raw()).await;
}

/// A process that was killed is soon gone, or a zombie until its new parent reaps it.
async fn ends(pid: i32) {
    let gone = async {
        loop {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the process is still there");
}

#[tokio::test]
async fn giving_up_kills_it() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        run(shell("echo $$; exec sleep 1000"), None, |_, bytes| {
            let _ = sender.send(String::from_utf8_lossy(bytes).into_owned());
        })
        .await
    });
    let pid: i32 = receiver.recv().await.unwrap().trim().parse().unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    ends(pid).await;
}
