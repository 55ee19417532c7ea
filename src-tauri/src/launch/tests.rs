//! How windows end, and what is told of it; the programs are of shell.

use std::path::PathBuf;

use super::*;

fn shell(script: &str, is_window: bool, otherwise: Option<Launch>) -> Launch {
    let arguments = vec!["-c".into(), script.into()];
    Launch { program: "/bin/sh".into(), arguments, input: None, is_window, otherwise: otherwise.map(Box::new) }
}

/// What is told of a window that runs this, and what it leads to.
async fn told(script: &str, otherwise: Option<Launch>) -> Vec<String> {
    let (events, mut heard) = mpsc::channel(8);
    start(shell(script, true, otherwise), events);
    let mut told = Vec::new();
    while let Some(event) = heard.recv().await {
        told.push(match event {
            Event::WindowFailed { why, browser_instead } => format!("{browser_instead} {why}"),
            other => format!("{other:?}"),
        });
    }
    told
}

#[tokio::test]
async fn a_window_that_fails_is_replaced_and_one_that_ends_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("browser");
    let browser = || Some(shell(&format!("echo >>{}", mark.display()), false, None));
    let check = async |script: &str, expect: &[&str], opens: bool| {
        assert_eq!(told(script, browser()).await, expect, "{script}");
        assert_eq!(mark.exists(), opens, "{script}");
        let _ = std::fs::remove_file(&mark);
    };
    check("true", &[], false).await;
    check("echo 'Gtk warns' >&2", &[], false).await;
    check("kill -15 $$", &[], false).await;
    check(
        "echo 'homeport-window: no screen' >&2; echo 'Gtk warns' >&2; exit 1",
        &["true sh failed: no screen; the browser is used instead"],
        true,
    )
    .await;
    check("exit 7", &["true sh failed: exit status: 7; the browser is used instead"], true).await;
    // It opened the browser itself: not a second time.
    check(
        "echo 'homeport-window: it stays blank; see the browser' >&2; exit 5",
        &["true it stays blank; see the browser"],
        false,
    )
    .await;
    check("exit 5", &["true The window opened the browser instead"], false).await;
    // Without a browser that is all that can be said.
    assert_eq!(told("echo broken >&2; exit 1", None).await, ["false sh failed: broken"]);
}

#[tokio::test]
async fn what_cannot_be_started_is_said() {
    let nowhere = |is_window| Launch { program: PathBuf::from("/nowhere/it"), ..shell("", is_window, None) };
    for (is_window, expect) in [(true, "WindowFailed"), (false, "Trouble")] {
        let (events, mut heard) = mpsc::channel(8);
        start(nowhere(is_window), events);
        let said = format!("{:?}", heard.recv().await.unwrap());
        assert!(said.starts_with(expect) && said.contains("it cannot be started: No such file"), "{said}");
    }
}

#[test]
fn a_window_that_was_seen_is_not_replaced() {
    let status = |code: i32| ExitStatus::from_raw(code << 8);
    let long = SOON + Duration::from_secs(1);
    for (end, expect) in [
        (ended(status(0), long, String::new()), End::Done),
        (ended(status(1), SOON, "why".into()), End::Never("failed: why".into())),
        (ended(status(1), long, "why".into()), End::Later("ended: why".into())),
        (ended(status(5), long, "why".into()), End::InBrowser("why".into())),
        (ended(ExitStatus::from_raw(11), long, "why".into()), End::Later("ended: why".into())),
        (ended(ExitStatus::from_raw(15), long, "why".into()), End::Done),
    ] {
        assert_eq!(end, expect);
    }
}
