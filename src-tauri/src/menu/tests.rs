//! The menu of given states, read as a person reads it.

use proto::ipc::{Health, HealthCode};

use super::*;
use crate::event::{Event, Fault, TrayNews, TunnelNews};
use crate::hosting::HostNews;
use crate::label::LONGEST;
use crate::listener::Listener;
use crate::open::Programs;
use crate::row::tests::{failed, running, starting, stopped};
use crate::state::tests::{NOW, account, listing, place, tunnel_of, with};

fn text(items: &[Item], depth: usize, to: &mut Vec<String>) {
    for item in items {
        let indent = "  ".repeat(depth);
        match item {
            Item::Line(label) => to.push(format!("{indent}{label}")),
            Item::Do { label, .. } => to.push(format!("{indent}{label}")),
            Item::Switch { label, is_on, .. } => {
                to.push(format!("{indent}[{}] {label}", if *is_on { 'x' } else { ' ' }))
            }
            Item::More { label, items } => {
                to.push(format!("{indent}{label}"));
                text(items, depth + 1, to);
            }
            Item::AskWhere { label, hint } => to.push(format!("{indent}{label} ({hint})")),
            Item::Separator => {}
        }
    }
}

fn lines(state: &State) -> Vec<String> {
    let mut lines = Vec::new();
    text(&view(state, &Surroundings::default()).items, 0, &mut lines);
    lines
}

#[track_caller]
fn check_has(state: &State, expect: &[&str]) {
    let lines = lines(state);
    let mut rest = lines.iter();
    for line in expect {
        assert!(rest.any(|known| known == line), "{line:?} is not there, in this order:\n{}", lines.join("\n"));
    }
}

#[test]
fn the_whole_menu_of_one_running_workspace() {
    let mut state = with(vec![running("box")]);
    state.on(tunnel_of(&["dev"], &[running("box")]), NOW);
    let editors = vec![("VS Code", "/bin/code".into())];
    state.on(Event::Found(Programs { editors, has_toolbox: true, ..Programs::default() }), NOW);
    let expect = [
        "● Homeport: connected, 1 of 1 workspace runs",
        "[x] Connect",
        "● box: running, relayed, 40 ms",
        "  Open a terminal",
        "  Open in VS Code",
        "  Open in JetBrains",
        "  Copy box.coder",
        "  Copy ssh box.coder",
        "  Stop",
        "  Restart",
        "  [ ] Favourite",
        "  When the lid is shut",
        "    [x] It keeps running",
        "    [ ] It stops after 15 minutes",
        "  Open in the dashboard",
        "  Copy URL",
        "Create workspace…",
        "Open dashboard",
        "[ ] Host workspaces on this computer",
        "Settings",
        "  [ ] Start at login",
        "  [ ] Connect when this program starts",
        "  [x] Stay connected and hosting after quit",
        "  [ ] Open coder:// links here",
        "  Edit the settings file",
        "Help",
        "Accounts",
        "  dev, as ann",
        "Quit…",
        "  Quit, stay connected and hosting",
        "  Quit, disconnect and stop hosting",
    ];
    check_has(&state, &expect);
}

#[test]
fn the_first_line_and_the_icon_say_the_state() {
    #[track_caller]
    fn check(state: &State, icon: Icon, headline: &str) {
        let view = view(state, &Surroundings::default());
        assert_eq!((view.icon, view.headline.as_str()), (icon, headline));
        let Item::Line(first) = &view.items[0] else { panic!("the first line is no line") };
        assert!(first.ends_with(headline));
    }
    check(&State::default(), Icon::Off, "Homeport: not connected, no workspaces");
    check(&with(vec![stopped("box")]), Icon::Off, "Homeport: not connected, 0 of 1 workspace runs");
    check(&with(vec![starting("box")]), Icon::Working, "Homeport: box is starting, 0 of 1 workspace runs");
    let mut state = with(vec![running("a"), stopped("b")]);
    state.on(tunnel_of(&[], &[]), NOW);
    state.on(Event::Asked(Action::Connect(true)), NOW);
    check(&state, Icon::Working, "Homeport: connecting, 1 of 2 workspaces run");
    state.on(tunnel_of(&["dev"], &[]), NOW);
    check(&state, Icon::On, "Homeport: connected, 1 of 2 workspaces run");
    state.on(Event::Unlisted(place("dev"), Fault { is_sign_in: true, text: "over".into() }), NOW);
    check(&state, Icon::Attention, "Homeport: needs you, 1 of 2 workspaces run");
    state.on(Event::Tunnel(TunnelNews::Silent("it does not answer".into())), NOW);
    check(&state, Icon::Error, "Homeport: error, 1 of 2 workspaces run");
    let mut state = State::default();
    state.on(Event::Asked(Action::Host(true)), NOW);
    check(&state, Icon::Working, "Homeport: starting to host, no workspaces");
    state.on(Event::Host(HostNews::Ready { url: "http://127.0.0.1:7080/".into(), is_found: false }), NOW);
    check(&state, Icon::On, "Homeport: hosting, not connected, no workspaces");
    for _ in 0..5 {
        state.on(Event::Host(HostNews::Ended("exit code 1".into())), NOW);
    }
    check(&state, Icon::Error, "Homeport: error, no workspaces");
    let expect = ["▲ The server of this computer keeps ending", "▲ exit code 1"];
    check_has(&state, &expect);
    check_has(&state, &["[x] Host workspaces on this computer (failed)"]);
}

#[test]
fn favourites_come_first_and_the_rest_is_under_more() {
    let mut rows: Vec<Row> = (0..11).map(|number| running(&format!("w{number:02}"))).collect();
    rows[10].is_favourite = true;
    let state = with(rows);
    let top = lines(&state).iter().filter(|line| line.starts_with("● ") && line.contains("running")).count();
    assert_eq!(top, MOST);
    check_has(
        &state,
        &["● ★ w10: running", "● w00: running", "● w06: running", "More… (3)", "  ● w07: running", "  ● w09: running"],
    );
}

#[test]
fn two_deployments_are_one_list_with_titles() {
    let mut state = with(vec![running("box")]);
    state.on(Event::Accounts(vec![account("dev", false), account("127.0.0.1:7080", true)]), NOW);
    state.on(Event::Listed(place("127.0.0.1:7080"), listing(vec![stopped("lab")])), NOW);
    let expect =
        ["This computer (127.0.0.1:7080)", "○ lab: stopped", "  Start and open a terminal", "dev", "● box: running"];
    check_has(&state, &expect);
    check_has(&state, &["Create workspace…", "  This computer (127.0.0.1:7080)", "  dev", "Open dashboard"]);
}

#[test]
fn a_deployment_that_is_away_keeps_its_rows_under_a_line_that_says_why() {
    let mut state = with(vec![running("box")]);
    state.on(Event::Unlisted(place("dev"), Fault { is_sign_in: false, text: "cannot reach http://dev".into() }), NOW);
    check_has(&state, &["▲ cannot reach http://dev", "● box: running"]);
    let mut state = State::default();
    state.on(Event::Accounts(vec![account("dev", false)]), NOW);
    check_has(&state, &["Asking for the workspaces…"]);
    check_has(&State::default(), &["No workspaces: host them here, or sign in somewhere", "Sign in at a deployment…"]);
}

#[test]
fn a_failed_workspace_says_why_first() {
    let state = with(vec![failed("box", "no disk")]);
    check_has(&state, &["▲ box: starting failed", "  no disk", "  Start and open a terminal", "  Start", "  Stop"]);
}

#[test]
fn the_next_stop_is_said_and_can_be_moved() {
    let deadline = Some(time::macros::datetime!(2026-11-24 18:05 UTC));
    let state = with(vec![Row { deadline, is_outdated: true, ..running("box") }]);
    check_has(&state, &["  Update to the newest version", "  Stops at 18:05 UTC on 24 November: one hour more"]);
    let state = with(vec![Row { deadline, ..stopped("box") }]);
    assert!(!lines(&state).iter().any(|line| line.contains("one hour more")));
}

#[test]
fn root_causes_of_the_tunnel_are_lines_with_their_next_step() {
    let mut state = with(vec![running("box")]);
    let Event::Tunnel(TunnelNews::Is { mut picture, .. }) = tunnel_of(&["dev"], &[]) else { panic!("another event") };
    let status = picture.deployments.values_mut().next().unwrap().status.as_mut().unwrap();
    let codes = [HealthCode::NoNetwork, HealthCode::DeploymentUnreachable, HealthCode::NoNetwork, HealthCode::Unknown];
    status.health = codes.map(|code| Health::new(code, "")).into();
    state.on(Event::Tunnel(TunnelNews::Is { picture, is_userspace: false }), NOW);
    let first = |code: HealthCode| format!("▲ {}", crate::label::wrap(code.title().trim_end_matches('.'))[0]);
    check_has(&state, &[&first(HealthCode::NoNetwork), &first(HealthCode::Unknown), "▲ Update this program."]);
    let once = lines(&state).iter().filter(|line| **line == first(HealthCode::NoNetwork)).count();
    assert_eq!(once, 1, "{:?}", lines(&state));
    assert!(!lines(&state).contains(&first(HealthCode::DeploymentUnreachable)), "only the root");
    state.on(Event::Tray(TrayNews::NoHost), NOW);
    check_has(&state, &["▲ No panel shows the icon"]);
}

#[test]
fn several_daemons_have_menus_and_names_of_their_own() {
    let mut row = running("box");
    let second =
        crate::row::Daemon { name: "db".into(), is_sub: true, id: proto::id::AgentId::nil(), ..row.daemons[0].clone() };
    row.daemons.push(second);
    let expect =
        ["  main (workspace daemon)", "    Copy main.box.me.coder", "  db (sub-daemon)", "    Copy db.box.me.coder"];
    check_has(&with(vec![row]), &expect);
}

#[test]
fn foreign_names_are_harmless_and_short() {
    let evil = ["-rf", "\u{1b}[31m", "a\nb", "<b>", "\u{202e}x", &"y".repeat(10_000), "", "_x"];
    let rows: Vec<Row> = evil.iter().map(|name| Row { reason: (*name).into(), ..failed(name, "") }).collect();
    for line in lines(&with(rows)) {
        assert!(line.trim_start().chars().count() <= LONGEST + 4, "{line}");
        assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}'), "{line:?}");
    }
}

#[test]
fn b20_whatever_a_thing_is_called_its_lines_are_short_visible_and_its_own() {
    let evil = [
        "",
        "a\0b",
        "a\nb",
        "\u{1b}]0;x\u{7}",
        "\u{202e}gnp.exe",
        "\u{1f600}",
        "'; DROP TABLE workspaces; --",
        "<img src=x onerror=alert(1)>",
        "-rf",
        "con",
        "box.",
        &"n".repeat(1 << 20),
    ];
    for name in evil {
        let named = Row { name: name.into(), owner: name.into(), reason: name.into(), ..running("box") };
        let mut state = with(vec![named.clone()]);
        state.on(tunnel_of(&["dev"], &[named]), NOW);
        let lines = lines(&state);
        let rows = lines.iter().filter(|line| line.starts_with("● ")).count();
        assert_eq!(rows, 2, "the state, and one row for one workspace: {}", lines.join("\n").len());
        for line in lines {
            assert!(line.trim_start().chars().count() <= LONGEST + 4, "{} letters of {name:.20}", line.len());
            assert!(!line.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{line:?}");
        }
    }
}

/// The budget of a release build is 50 ms; this one is without optimisation and on a busy machine.
#[test]
fn a_thousand_workspaces_are_drawn_in_time() {
    let state = with((0..1000).map(|number| running(&format!("w{number:04}"))).collect());
    let start = std::time::Instant::now();
    let drawn = view(&state, &Surroundings::default());
    assert!(start.elapsed() < std::time::Duration::from_millis(500), "{:?}", start.elapsed());
    assert!(drawn.items.iter().any(|item| matches!(item, Item::More { label, .. } if label == "More… (992)")));
}

#[test]
fn a_submenu_keeps_its_key_while_its_label_changes() {
    let keys = |row: Row| {
        let drawn = wire::view(1, &view(&with(vec![row]), &Surroundings::default()));
        let keys = drawn.items.iter().filter_map(|item| match item {
            proto::menu::MenuItem::More { key, .. } => Some(key.clone()),
            _ => None,
        });
        keys.collect::<Vec<_>>()
    };
    let running = keys(running("box"));
    assert!(running.iter().any(|key| key.starts_with("http://dev/#")), "{running:?}");
    assert_eq!(running, keys(stopped("box")));
}

#[test]
fn what_listens_in_a_workspace_is_opened_or_copied_by_name() {
    let rows = vec![running("box")];
    let mut state = with(rows.clone());
    state.on(tunnel_of(&["dev"], &rows), NOW);
    let listener = |port, program: &str| Listener { port, program: program.into() };
    let all = vec![listener(80, ""), listener(5432, "postgres"), listener(8080, "node"), listener(8443, "nginx")];
    state.on(Event::Listening(rows[0].daemons[0].id, all), NOW);
    let expect = [
        "  Ports",
        "    Open http://box.coder",
        "    Copy box.coder:5432 (postgres)",
        "    Open http://box.coder:8080 (node)",
        "    Open https://box.coder:8443 (nginx)",
    ];
    check_has(&state, &expect);
    state.on(Event::Tunnel(TunnelNews::Absent), NOW);
    assert!(!lines(&state).contains(&"  Ports".to_owned()));
}

#[test]
fn a_server_that_somebody_else_started_is_not_called_off() {
    let here = "127.0.0.1:7080";
    let mut state = State::default();
    state.on(Event::Accounts(vec![account(here, true)]), NOW);
    check_has(&state, &["[ ] Host workspaces on this computer"]);
    state.on(Event::Listed(place(here), listing(vec![running("box")])), NOW);
    check_has(&state, &["[ ] Host workspaces on this computer (a server runs already)"]);
    state.on(Event::Unlisted(place(here), Fault { is_sign_in: false, text: "gone".into() }), NOW);
    check_has(&state, &["[ ] Host workspaces on this computer"]);
    assert!(!lines(&with(vec![running("box")])).iter().any(|line| line.contains("runs already")), "one elsewhere");
}
