//! What the tray program costs, and how long a person waits for it.

use std::io::BufRead as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use desktop::event::{Account, Event, Listing};
use desktop::menu::{Surroundings, view};
use desktop::place::Place;
use desktop::row::Row as Workspace;
use desktop::state::State;
use time::OffsetDateTime;

use super::table::{Row, Target};
use super::{footprint, peers};
use crate::binary;
use crate::desk::{Desk, LATER, is_ready};
use crate::host::{Host, Setup};

/// Workspaces of the long list.
const MANY: usize = 1000;
/// How long an idle tray is watched.
const IDLE: Duration = Duration::from_secs(20);

/// Adds the rows of the tray program.
///
/// # Errors
/// A program that cannot be measured.
pub async fn measure(rounds: usize, rows: &mut Vec<Row>) -> anyhow::Result<()> {
    let (ours, target) = (long_menu(rounds)?, Target::AtMost(50.0));
    rows.push(Row { what: "menu of 1,000 workspaces rebuilt, ms", ours, peer: vec![], target });
    if !is_ready("the tray program's cost") {
        return Ok(());
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    let (url, token) = host.session();
    binary::run(desk.homeport(&["login", &url]).env("CODER_SESSION_TOKEN", token));
    desk.start_panel().await;
    let mut icons = Vec::new();
    for _ in 0..rounds {
        desk.kill_tray();
        icons.push(desk.start_tray(&[]).await.as_secs_f64() * 1000.0);
    }
    rows.push(Row { what: "tray, start to icon, ms", ours: icons, peer: vec![], target: Target::AtMost(500.0) });
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    let mut waits = Vec::new();
    for _ in 0..rounds {
        waits.push(stopped_to_banner(&desk).await?);
    }
    let what = "stopped workspace, from the menu to the SSH banner, ms";
    rows.push(Row { what, ours: waits, peer: vec![], target: Target::AtMost(2000.0) });
    let cpu = footprint::cpu_percent(desk.tray_pid(), IDLE).await?;
    let memory = peers::resident_mib(desk.tray_pid())?;
    rows.push(Row { what: "tray idle, MiB RSS", ours: vec![memory], peer: vec![], target: Target::AtMost(60.0) });
    rows.push(Row { what: "tray idle, % of a core", ours: vec![cpu], peer: vec![], target: Target::AtMost(0.2) });
    Ok(())
}

/// Milliseconds from a changed list to the menu drawn from it.
fn long_menu(rounds: usize) -> anyhow::Result<Vec<f64>> {
    let place = Place::of(&"http://dev.example/".parse()?);
    let mut state = State::default();
    let now = OffsetDateTime::UNIX_EPOCH;
    state.on(Event::Accounts(vec![Account { place: place.clone(), is_local: false }]), now);
    let list = |round: usize| -> anyhow::Result<Listing> {
        let rows = (0..MANY).map(|number| workspace(number, round)).collect::<anyhow::Result<_>>()?;
        Ok(Listing { user: "ann".into(), suffix: "coder".into(), rows })
    };
    let mut waits = Vec::new();
    for round in 0..rounds {
        let listing = list(round)?;
        let start = Instant::now();
        state.on(Event::Listed(place.clone(), listing), now);
        let drawn = view(&state, &Surroundings::default());
        waits.push(start.elapsed().as_secs_f64() * 1000.0);
        anyhow::ensure!(format!("{drawn:?}").contains("w999"), "the whole list is in the menu");
    }
    Ok(waits)
}

fn workspace(number: usize, round: usize) -> anyhow::Result<Workspace> {
    let id = |kind: usize| uuid::Uuid::from_u128((kind * MANY + number) as u128 + 1).to_string();
    let body = serde_json::json!({
        "id": id(0), "owner_name": "ann", "name": format!("w{number}"), "favorite": number % 97 == round,
        "latest_build": {
            "id": id(1), "build_number": round + 1, "transition": "start", "status": "running",
            "job": {"status": "succeeded"},
            "resources": [{"agents": [{
                "id": id(2), "name": "main", "status": "connected", "lifecycle_state": "ready",
                "operating_system": "linux", "expanded_directory": "/home/ann",
                "apps": [{"id": id(3), "slug": "web", "display_name": "Web"}],
            }]}],
        },
    });
    Ok(Workspace::of(&serde_json::from_value(body)?))
}

/// Stops `box`, then starts it from the menu; milliseconds from that click to the first line of its SSH server.
async fn stopped_to_banner(desk: &Desk) -> anyhow::Result<f64> {
    binary::run(&mut desk.homeport(&["stop", "box", "--yes"]));
    desk.menu_within(LATER, "box is stopped", |menu| menu.has("○ box: stopped")).await;
    let start = Instant::now();
    desk.click(&["○ box: stopped", "Start"]).await;
    let mut ssh = desk.homeport(&["ssh", "--stdio", "box"]);
    let mut ssh = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let output = ssh.stdout.take().context("no output")?;
    let banner = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        std::io::BufReader::new(output).read_line(&mut line).map(|_| line)
    });
    let banner = banner.await??;
    let waited = start.elapsed().as_secs_f64() * 1000.0;
    ssh.kill()?;
    ssh.wait()?;
    anyhow::ensure!(banner.starts_with("SSH-2.0-"), "no banner but {banner:?}");
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    Ok(waited)
}
