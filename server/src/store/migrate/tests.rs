//! F04: a process that dies between any two statements of a migration leaves the old or the new schema, never half.

use std::path::Path;
use std::process::Command;

use rusqlite::fallible_iterator::FallibleIterator as _;

use super::{MIGRATIONS, run_watched};

const FILE: &str = "HOMEPORT_TEST_MIGRATE_FILE";
const AT: &str = "HOMEPORT_TEST_MIGRATE_ABORT_AT";
const SABOTAGE: &str = "HOMEPORT_TEST_SABOTAGE";

/// Tables and version, as SQLite itself tells them.
fn schema(file: &Path) -> (u32, Vec<String>) {
    let db = rusqlite::Connection::open(file).expect("a database");
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
    let mut rows = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").expect("schema");
    let rows = rows.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("rows");
    (version, rows)
}

/// The process that dies. Run only by the test below, which names a file; `F04` commits each statement by itself.
#[test]
fn the_one_that_dies() {
    let (Ok(file), Ok(at)) = (std::env::var(FILE), std::env::var(AT)) else { return };
    let at: usize = at.parse().expect("a number");
    let mut db = rusqlite::Connection::open(file).expect("a database");
    db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("wal");
    let is_sabotaged = std::env::var(SABOTAGE).is_ok_and(|word| word == "F04");
    let die = |reached: usize| {
        if reached == at {
            std::process::abort();
        }
    };
    if is_sabotaged {
        let mut count = 0;
        for sql in MIGRATIONS {
            let mut batch = rusqlite::Batch::new(&db, sql);
            while let Some(mut statement) = batch.next().expect("a statement") {
                die(count);
                statement.execute([]).expect("done");
                count += 1;
            }
        }
        return;
    }
    run_watched(&mut db, MIGRATIONS, die).expect("migrated");
}

#[test]
fn a_kill_between_any_two_statements_leaves_the_old_or_the_new_schema() {
    // What each version looks like when nothing dies.
    let whole: Vec<_> = (0..=MIGRATIONS.len())
        .map(|version| {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("db");
            let mut db = rusqlite::Connection::open(&file).expect("a database");
            run_watched(&mut db, &MIGRATIONS[..version], |_| {}).expect("migrated");
            drop(db);
            schema(&file)
        })
        .collect();
    let mut last = 0;
    let mut db = rusqlite::Connection::open_in_memory().expect("a database");
    run_watched(&mut db, MIGRATIONS, |reached| last = reached).expect("migrated");
    assert!(last > 40, "{last} statements: the count is wrong");
    let program = std::env::current_exe().expect("this program");
    for at in 0..=last {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("db");
        let mut child = Command::new(&program);
        child.args(["--exact", "store::migrate::tests::the_one_that_dies"]).env(FILE, &file).env(AT, at.to_string());
        let status = child.output().expect("a child").status;
        assert!(!status.success(), "statement {at}: the process did not die");
        assert!(whole.contains(&schema(&file)), "statement {at}: a schema between two versions");
        crate::store::Store::open(&file).expect("the next start finishes");
        assert_eq!(schema(&file), whole[MIGRATIONS.len()], "statement {at}");
    }
}
