//! App health: which apps are watched and when their health changes.

use std::time::Duration;

use proto::agent::{AppHealth, Healthcheck, WorkspaceApp};

use super::Apps;

fn app(health: AppHealth, url: &str, seconds: u64, threshold: i32) -> WorkspaceApp {
    WorkspaceApp {
        id: vec![1; 16],
        health: health.into(),
        healthcheck: Some(Healthcheck {
            url: url.into(),
            interval: Some(Duration::from_secs(seconds).into()),
            threshold,
        }),
        ..WorkspaceApp::default()
    }
}

#[test]
fn which_apps_are_watched() {
    let check = |app: WorkspaceApp, expect: usize| {
        assert_eq!(Apps::new(std::slice::from_ref(&app)).checks().len(), expect, "{app:?}")
    };
    check(app(AppHealth::Initializing, "http://localhost:1", 5, 3), 1);
    check(app(AppHealth::Healthy, "http://localhost:1", 5, 3), 1);
    check(app(AppHealth::Disabled, "http://localhost:1", 5, 3), 0);
    check(app(AppHealth::Initializing, "", 5, 3), 0);
    check(app(AppHealth::Initializing, "http://localhost:1", 0, 3), 0);
    check(WorkspaceApp::default(), 0);
}

/// Feeds answers (`+` good, `-` bad) and notes the health after each (`i`nitializing, `h`ealthy, `u`nhealthy).
fn healths(threshold: i32, answers: &str) -> String {
    let mut apps = Apps::new(&[app(AppHealth::Initializing, "http://x", 1, threshold)]);
    let mut former = AppHealth::Initializing;
    answers
        .chars()
        .map(|answer| {
            let changed = apps.answered(0, answer == '+');
            let health = AppHealth::try_from(apps.report()[0].health).unwrap();
            assert_eq!(changed, health != former, "a change is told exactly when it happens");
            former = health;
            match health {
                AppHealth::Initializing => 'i',
                AppHealth::Healthy => 'h',
                _ => 'u',
            }
        })
        .collect()
}

#[test]
fn when_health_changes() {
    let check = |threshold, answers: &str, expect: &str| {
        assert_eq!(healths(threshold, answers), expect, "threshold {threshold}, answers {answers}");
    };
    check(3, "+", "h");
    check(3, "---", "iii");
    check(3, "----", "iiiu");
    check(3, "+----+", "hhhhuh");
    check(3, "---+---", "iiihhhh");
    check(0, "-+-", "uhu");
    check(1, "+--", "hhu");
    check(-5, "-", "u");
}

#[test]
fn an_unknown_index_changes_nothing() {
    let mut apps = Apps::default();
    assert!(!apps.answered(7, true));
    assert!(apps.report().is_empty());
}
