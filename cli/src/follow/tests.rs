//! How the lines of a build log are shown.

use super::*;

#[test]
fn stages_are_headings_and_lines_come_once() {
    let line =
        |id, stage: &str, output: &str| JobLog { id, stage: stage.into(), output: output.into(), ..Default::default() };
    let mut shown = Shown::default();
    let mut all = Vec::new();
    for line in
        [line(1, "Plan", ""), line(2, "Plan", "a"), line(2, "Plan", "a"), line(1, "Old", "x"), line(3, "Apply", "b")]
    {
        all.extend(shown.add(&line));
    }
    assert_eq!(all, ["==> Plan", "    a", "==> Apply", "    b"]);
}

#[test]
fn the_end_of_a_build_is_told() {
    #[track_caller]
    fn check(status: JobStatus, error: &str, expect: Option<&str>) {
        let mut build = Build::default();
        build.job.status = status;
        build.job.error = error.into();
        assert_eq!(finished(build).err().map(|error| error.to_string()).as_deref(), expect);
    }
    check(JobStatus::Succeeded, "", None);
    check(JobStatus::Failed, "no disk", Some("the build failed: no disk"));
    check(JobStatus::Failed, "", Some("the build failed: no reason was given"));
    check(JobStatus::Canceled, "", Some("the build was canceled"));
}
