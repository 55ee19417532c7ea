//! `homeport reachable status`: where, whose, and who is connected.

use client::reachable::{Files, Registration, Running};
use proto::daemon_report::DaemonReport;
use serde::Serialize;
use time::OffsetDateTime;

use super::{host, load};
use crate::table::{Output, print_json, span};
use crate::terminal::{harmless, print};

/// What is printed as JSON.
#[derive(Serialize)]
struct Shown {
    /// `off`, `paused`, `stopped`, `connecting` or `connected`.
    state: &'static str,
    registration: Option<Registration>,
    report: Option<DaemonReport>,
}

pub async fn run(files: &Files, output: Output) -> anyhow::Result<u8> {
    let registration = load(files)?;
    let running = files.ask().await;
    let state = state(registration.as_ref(), running.as_ref());
    match output {
        Output::Json => print_json(&Shown { state, registration, report: running.map(|running| running.report) })?,
        Output::Table => {
            let report = running.map(|running| running.report);
            for line in text(state, registration.as_ref(), report.as_ref(), OffsetDateTime::now_utc()) {
                print(&line);
            }
        }
    }
    Ok(if state == "connected" { 0 } else { 1 })
}

fn state(registration: Option<&Registration>, running: Option<&Running>) -> &'static str {
    match (registration, running) {
        (None, _) => "off",
        (Some(registration), _) if registration.is_paused => "paused",
        (Some(_), None) => "stopped",
        (Some(_), Some(running)) if running.report.is_connected => "connected",
        (Some(_), Some(_)) => "connecting",
    }
}

fn text(
    state: &str,
    registration: Option<&Registration>,
    report: Option<&DaemonReport>,
    now: OffsetDateTime,
) -> Vec<String> {
    let Some(registration) = registration else {
        return vec!["This computer is reachable nowhere. `homeport reachable on` makes it a workspace.".into()];
    };
    let name = harmless(&registration.name);
    let mut lines = vec![format!("{name} at {}, for {}: {state}", host(registration), harmless(&registration.owner))];
    match state {
        "paused" => lines.push("Nobody can connect. `homeport reachable resume` takes connections again.".into()),
        "stopped" => lines.push("The daemon does not run. `homeport reachable resume` starts it.".into()),
        _ => {}
    }
    let Some(report) = report else { return lines };
    lines.extend(report.problem.iter().filter(|_| !report.is_connected).map(|why| format!("  ! {}", harmless(why))));
    for session in &report.sessions {
        let from = session.from.map(|from| format!(" from {from}")).unwrap_or_default();
        let age = span(now.unix_timestamp() - session.since);
        lines.push(format!("  {} session{from}, for {age}", harmless(&session.kind)));
    }
    for port in &report.ports {
        lines.push(format!("  port {}: {} connections", port.port, port.connections));
    }
    if report.sessions.is_empty() && report.ports.is_empty() {
        lines.push("  nobody is connected".into());
    }
    lines
}

#[cfg(test)]
mod tests;
