//! What the next run finds: whole lines, no links, nothing of strangers.

use std::os::unix::fs::symlink;

use super::*;

const STEPS: [Step; 3] = [Step::Fallback, Step::TowardsRule, Step::SourceRule];

fn text(folder: &Path) -> String {
    std::fs::read_to_string(folder.join(FILE)).unwrap()
}

#[test]
fn what_was_begun_is_found_by_the_next_run_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    journal.begin(&STEPS[..2]).unwrap();
    journal.begin(&STEPS).unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().pending(), STEPS);
    journal.undone(&STEPS[1..2]).unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().pending(), [STEPS[0], STEPS[2]]);
    journal.undone(&STEPS).unwrap();
    assert_eq!(text(folder.path()), "", "nothing left to undo: an empty file");
    journal.begin(&STEPS[2..]).unwrap();
    assert_eq!(text(folder.path()), "{\"did\":\"source_rule\"}\n", "no hole where the old lines were");
}

#[test]
fn a_torn_last_line_was_never_begun() {
    let folder = tempfile::tempdir().unwrap();
    Journal::open(folder.path()).unwrap().begin(&STEPS).unwrap();
    let whole = std::fs::read(folder.path().join(FILE)).unwrap();
    let ends: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for length in 0..=whole.len() {
        std::fs::write(folder.path().join(FILE), &whole[..length]).unwrap();
        let complete = ends.iter().filter(|end| **end <= length).count();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.pending(), &STEPS[..complete], "cut at {length}");
        journal.begin(&[Step::Openresolv]).unwrap();
        let again = Journal::open(folder.path()).unwrap();
        assert_eq!(again.pending().last(), Some(&Step::Openresolv), "the next line stands alone, cut at {length}");
    }
}

#[test]
fn lines_that_are_not_ours_are_passed_over() {
    let check = |lines: &str, expect: &[Step]| assert_eq!(replay(lines.as_bytes()), expect, "{lines}");
    check("", &[]);
    check("garbage\n{\"did\":\"fallback\"}\n", &[Step::Fallback]);
    check("{\"did\":\"a_future_step\"}\n{\"did\":\"device\"}\n", &[Step::Device]);
    check("{\"did\":\"fallback\"}\n{\"did\":\"fallback\"}\n{\"undid\":\"fallback\"}\n", &[]);
    check("{\"undid\":\"fallback\"}\n", &[]);
    check("{\"did\":{\"address\":\"fd60:627a:a42b::1\"}}\n", &[Step::Address("fd60:627a:a42b::1".parse().unwrap())]);
    check("\0\0\0\n", &[]);
}

#[test]
fn links_and_foreign_places_are_refused_and_left_alone() {
    let check = |plant: &dyn Fn(&Path, &Path)| {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::fs::set_permissions(&victim, std::fs::Permissions::from_mode(0o644)).unwrap();
        let state = folder.path().join("state");
        plant(&state, &victim);
        Journal::open(&state).unwrap_err();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(victim.metadata().unwrap().mode() & 0o777, 0o644);
    };
    let make = |state: &Path| std::fs::create_dir(state).unwrap();
    check(&|state, victim| {
        make(state);
        symlink(victim, state.join(FILE)).unwrap();
    });
    check(&|state, victim| {
        make(state);
        std::fs::hard_link(victim, state.join(FILE)).unwrap();
    });
    if nix::unistd::geteuid().is_root() {
        check(&|state, victim| {
            symlink(victim.parent().unwrap(), state).unwrap();
            std::os::unix::fs::lchown(state, Some(65534), None).unwrap();
        });
        check(&|state, _| {
            make(state);
            std::os::unix::fs::chown(state, Some(65534), None).unwrap();
        });
    }
    check(&|state, _| {
        make(state);
        std::fs::set_permissions(state, std::fs::Permissions::from_mode(0o777)).unwrap();
    });
    check(&|state, _| {
        make(state);
        nix::unistd::mkfifo(&state.join(FILE), nix::sys::stat::Mode::S_IRUSR).unwrap();
    });
}

#[test]
fn a_file_is_private_and_not_longer_than_its_cap() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), vec![b'x'; MAX_FILE as usize * 2]).unwrap();
    let mut journal = Journal::open(folder.path()).unwrap();
    assert_eq!(journal.pending(), []);
    assert_eq!(folder.path().join(FILE).metadata().unwrap().mode() & 0o777, 0o600);
    journal.begin(&STEPS[..1]).unwrap();
    assert_eq!(Journal::open(folder.path()).unwrap().pending(), &STEPS[..1]);
}
