//! F18: the name server of the network takes ten seconds. Our names are answered at once, also meanwhile; others are as
//! slow as without us, and no slower.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tests::binary::run;
use tests::lab::SlowUpstream;

use super::sabotaged;
use super::stage::Stage;

const SLOW: Duration = Duration::from_secs(10);
/// "At once", of a program that starts and asks, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How much two slow answers may differ.
const ALIKE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_name_server_slows_its_own_names_only() {
    let test = "a_slow_name_server_slows_its_own_names_only";
    let Some(stage) = Stage::build(test, &[None]).await else { return };
    stage.deployments[0].create("box");
    let _slow = SlowUpstream::start(&stage.deployments[0].namespace, SLOW);
    let line = |name: &str| format!("getent ahostsv4 {name} | head -1; true");
    let start = Instant::now();
    let without = stage.sh(&line("before.lan.test"));
    let without_took = start.elapsed();
    stage.connect(0, true).await;
    stage.wait_for_name("box.coder");
    if sabotaged("F18") {
        stage.sh("resolvectl revert homeport0");
    }
    let start = Instant::now();
    let mut other = stage.program("sh");
    let other = other.args(["-c", &line("during.lan.test")]).stdout(Stdio::piped()).spawn().unwrap();
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        let asked = Instant::now();
        let found = run(stage.program("getent").args(["ahostsv6", "box.coder"]));
        assert!(found.starts_with("fd60:627a:a42b:"), "{found}");
        worst = worst.max(asked.elapsed());
        stage.sh("resolvectl flush-caches");
    }
    assert!(worst < AT_ONCE, "our name took {worst:?}");
    let with = String::from_utf8(other.wait_with_output().unwrap().stdout).unwrap();
    let with_took = start.elapsed();
    eprintln!("F18: ours {worst:?}; another without us {without_took:?}, with us {with_took:?}");
    assert_eq!(with.replace("during", "before"), without, "another answer than without us");
    assert!(without_took >= SLOW / 2, "the name server is not slow");
    assert!(with_took.abs_diff(without_took) < ALIKE, "{with_took:?} with us, {without_took:?} without");
}
