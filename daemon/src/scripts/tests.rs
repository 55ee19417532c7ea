//! Scripts: which belong to a stage, what their ends mean, cron times, and real runs of /bin/sh.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use proto::agent::{BatchCreateLogsRequest, LogLevel, Timing, TimingStage, TimingStatus, WorkspaceAgentScript};
use uuid::Uuid;

use super::cron::Times;
use super::folders::Folders;
use super::stage::{Outcome, ScriptEnd, outcome, select};
use super::{MAX_TIMINGS, Scripts};
use crate::logs::Logs;
use crate::outbox::Outbox;
use crate::session::{Facts, Policy, SSH_MAX_TIMEOUT, SessionContext};

fn script(number: u128, text: &str) -> WorkspaceAgentScript {
    WorkspaceAgentScript {
        id: Uuid::from_u128(number).as_bytes().to_vec(),
        log_source_id: Uuid::from_u128(number + 1000).as_bytes().to_vec(),
        script: text.to_owned(),
        run_on_start: true,
        ..WorkspaceAgentScript::default()
    }
}

#[test]
fn which_scripts_belong_to_a_stage() {
    let scripts = [
        WorkspaceAgentScript { display_name: "start".into(), run_on_start: true, ..Default::default() },
        WorkspaceAgentScript { display_name: "stop".into(), run_on_stop: true, ..Default::default() },
        WorkspaceAgentScript {
            display_name: "both".into(),
            run_on_start: true,
            run_on_stop: true,
            ..Default::default()
        },
        WorkspaceAgentScript { display_name: "cron".into(), cron: "0 0 3 * * *".into(), ..Default::default() },
        WorkspaceAgentScript { display_name: "none".into(), ..Default::default() },
    ];
    let check = |stage, expect: &[&str]| {
        let names: Vec<_> = select(&scripts, stage).map(|script| script.display_name.as_str()).collect();
        assert_eq!(names, expect, "{stage:?}");
    };
    check(TimingStage::Start, &["start", "both"]);
    check(TimingStage::Stop, &["stop", "both"]);
    check(TimingStage::Cron, &["cron"]);
}

#[test]
fn what_the_ends_mean_together() {
    let end = |exit_code, status| ScriptEnd { exit_code, status };
    let (good, bad) = (end(0, TimingStatus::Ok), end(1, TimingStatus::ExitFailure));
    let (late, open) = (end(255, TimingStatus::TimedOut), end(0, TimingStatus::PipesLeftOpen));
    let check = |ends: &[ScriptEnd], expect| assert_eq!(outcome(ends), expect, "{ends:?}");
    check(&[], Outcome::Good);
    check(&[good, good], Outcome::Good);
    check(&[good, bad], Outcome::Failed);
    check(&[bad, late, good], Outcome::TimedOut);
    check(&[open], Outcome::Good);
    check(&[end(2, TimingStatus::PipesLeftOpen)], Outcome::Failed);
    check(&[ScriptEnd::failed()], Outcome::Failed);
}

#[test]
fn cron_times() {
    // Thursday.
    let now = Utc.with_ymd_and_hms(2026, 1, 1, 10, 30, 15).unwrap();
    let check = |line: &str, expect: &str| {
        let next = line.parse::<Times>().ok().map(|times| times.next(&now).map_or("never".into(), |t| t.to_string()));
        assert_eq!(next.as_deref().unwrap_or("error"), expect, "{line:?}");
    };
    check("*/10 * * * * *", "2026-01-01 10:30:20 UTC");
    check("0 0 3 * * *", "2026-01-02 03:00:00 UTC");
    check("0 0 3 * *", "2026-01-02 03:00:00 UTC");
    check("0 0 12 * * 1", "2026-01-05 12:00:00 UTC");
    check("15 30 10 1 1 *", "2027-01-01 10:30:15 UTC");
    check("0 0 0 30 2 *", "never");
    check("0 3 * *", "error");
    check("", "error");
    check("a b c d e f", "error");
    check("99 * * * * *", "error");
}

struct Run {
    outcome: Outcome,
    lines: Vec<(LogLevel, String)>,
    timings: Vec<Timing>,
    folder: tempfile::TempDir,
}

async fn run(scripts: &[WorkspaceAgentScript]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let (context, _events) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    let runner = Arc::new(Scripts {
        context,
        logs: Arc::new(Logs::default()),
        timings: Outbox::new(MAX_TIMINGS),
        folders: Folders::new(&folder.path().join("data"), &folder.path().join("logs")),
    });
    let outcome = runner.run_stage(scripts, TimingStage::Start).await;
    let mut lines = vec![];
    while let Some(BatchCreateLogsRequest { logs, .. }) = runner.logs.take_batch() {
        lines.extend(logs.into_iter().map(|log| (log.level(), log.output)));
    }
    let mut timings = vec![];
    while !runner.timings.is_empty() {
        timings.push(runner.timings.front().await);
        runner.timings.pop();
    }
    Run { outcome, lines, timings, folder }
}

#[tokio::test]
async fn a_good_script_streams_its_output_and_reports_its_end() {
    let text = "echo out; sh -c 'echo err >&2'; printf unfinished; test -d \"$CODER_SCRIPT_DATA_DIR\" && \
                case $PATH in \"$CODER_SCRIPT_BIN_DIR\"*) ;; esac";
    let run = run(&[script(1, text)]).await;
    assert_eq!(run.outcome, Outcome::Good);
    let of = |level| run.lines.iter().filter(|line| line.0 == level).map(|line| line.1.as_str()).collect::<Vec<_>>();
    assert_eq!((of(LogLevel::Info), of(LogLevel::Error)), (vec!["out", "unfinished"], vec!["err"]));
    assert_eq!(run.timings.len(), 1);
    let timing = &run.timings[0];
    assert_eq!((timing.exit_code, timing.status(), timing.stage()), (0, TimingStatus::Ok, TimingStage::Start));
    assert_eq!(timing.script_id, Uuid::from_u128(1).as_bytes());
    let log = run.folder.path().join(format!("logs/coder-script-{}.log", Uuid::from_u128(1001)));
    // The two pipes are read as they come, so the unfinished line may be anywhere.
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(["out\n", "err\n", "unfinished"].iter().all(|word| written.contains(word)), "{written:?}");
    assert_eq!(written.len(), "out\nerr\nunfinished".len(), "{written:?}");
    assert_eq!(mode(&log), 0o600);
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn scripts_of_a_stage_run_in_parallel_and_the_worst_decides() {
    // Each waits for the other: one after the other would never end.
    let folder = tempfile::tempdir().unwrap();
    let meet = |mine: &str, other: &str| {
        let path = folder.path().display();
        format!("touch {path}/{mine}; until test -e {path}/{other}; do sleep 0.05; done; exit {mine}")
    };
    let scripts = [script(1, &meet("0", "7")), script(2, &meet("7", "0"))];
    let run = tokio::time::timeout(Duration::from_secs(30), run(&scripts)).await.unwrap();
    assert_eq!(run.outcome, Outcome::Failed);
    let mut codes: Vec<_> = run.timings.iter().map(|timing| timing.exit_code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 7]);
}

#[tokio::test]
async fn a_script_over_its_time_is_ended() {
    let mut late = script(1, "echo begun; sleep 1000");
    late.timeout = Some(Duration::from_millis(300).into());
    let run = run(&[late]).await;
    assert_eq!(run.outcome, Outcome::TimedOut);
    assert_eq!((run.timings[0].status(), run.timings[0].exit_code), (TimingStatus::TimedOut, 255));
    assert_eq!(run.lines.len(), 2, "{:?}", run.lines);
}

#[tokio::test]
async fn a_script_that_cannot_run_fails_with_a_reason() {
    let run = run(&[script(1, "#!/nonexistent/interpreter\n")]).await;
    assert_eq!(run.outcome, Outcome::Failed);
    assert!(run.lines.iter().any(|line| line.1.contains("could not be started")), "{:?}", run.lines);
}

#[test]
fn the_program_is_linked_under_the_names_that_templates_use() {
    let folder = tempfile::tempdir().unwrap();
    let folders = Folders::new(folder.path(), folder.path());
    for executable in ["/opt/one", "/opt/two", "/opt/two"] {
        folders.prepare(Path::new(executable)).unwrap();
        assert_eq!(std::fs::read_link(folders.bin().join("coder")).unwrap(), Path::new(executable));
    }
    std::fs::remove_file(folders.bin().join("coder")).unwrap();
    std::fs::write(folders.bin().join("coder"), "mine").unwrap();
    folders.prepare(Path::new("/opt/three")).unwrap();
    assert_eq!(std::fs::read_to_string(folders.bin().join("coder")).unwrap(), "mine");
    assert_eq!(mode(&folders.bin()), 0o700);
}
