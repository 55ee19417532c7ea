//! What is said below a workspace.

use super::*;

#[test]
fn each_state_has_its_next_step() {
    #[track_caller]
    fn check(status: WorkspaceStatus, expect: Option<&str>) {
        assert_eq!(next_step(status).map(|step| step.rsplit(' ').next().unwrap_or_default()), expect, "{status}");
    }
    check(WorkspaceStatus::Running, Some("ssh"));
    check(WorkspaceStatus::Stopped, Some("start"));
    check(WorkspaceStatus::Failed, Some("restart"));
    check(WorkspaceStatus::Canceled, Some("restart"));
    check(WorkspaceStatus::Starting, None);
    check(WorkspaceStatus::Deleting, None);
}
