//! What the store promises: durable acknowledgements, savepoints of their own, and plain sentences at opening.

use super::{OpenError, SCHEMA_VERSION, Store, StoreError};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn setting(key: &'static str) -> impl FnOnce(&super::Db) -> super::Result<()> + Send + 'static {
    move |db| Ok(db.execute("INSERT INTO settings (key, value) VALUES (?1, 'x')", [key]).map(|_| ())?)
}

async fn keys(store: &Store) -> Vec<String> {
    let all = store.read(|db| {
        let mut rows = db.prepare("SELECT key FROM settings ORDER BY key")?;
        let keys = rows.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
        Ok(keys)
    });
    all.await.expect("keys")
}

#[tokio::test]
async fn an_error_undoes_only_its_own_changes() {
    let folder = folder();
    let store = Store::open(&folder.path().join("db")).expect("a store");
    let bad = |db: &super::Db| -> super::Result<()> {
        setting("half")(db)?;
        Err(StoreError::Conflict("no".into()))
    };
    let (one, two, three) = tokio::join!(store.write(setting("a")), store.write(bad), store.write(setting("b")));
    assert!(one.is_ok() && three.is_ok());
    assert!(matches!(two, Err(StoreError::Conflict(_))));
    assert_eq!(keys(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn a_panic_undoes_itself_and_the_writer_lives_on() {
    let folder = folder();
    let store = Store::open(&folder.path().join("db")).expect("a store");
    let wild = |db: &super::Db| -> super::Result<()> {
        setting("wild")(db)?;
        panic!("on purpose");
    };
    assert!(matches!(store.write(wild).await, Err(StoreError::Abandoned)));
    store.write(setting("after")).await.expect("the writer still works");
    assert_eq!(keys(&store).await, ["after"]);
}

#[tokio::test]
async fn a_taken_value_is_told_from_other_errors() {
    let folder = folder();
    let store = Store::open(&folder.path().join("db")).expect("a store");
    store.write(setting("a")).await.expect("first");
    assert!(matches!(store.write(setting("a")).await, Err(StoreError::Taken(_))));
    let orphan = |db: &super::Db| -> super::Result<()> {
        db.execute("INSERT INTO organization_members VALUES ('none', 'none', 0)", [])?;
        Ok(())
    };
    assert!(matches!(store.write(orphan).await, Err(StoreError::Sqlite(_))), "foreign keys are on");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let folder = folder();
    let file = folder.path().join("db");
    {
        let store = Store::open(&file).expect("a store");
        for key in ["a", "b", "c"] {
            store.write(setting(key)).await.expect("written");
        }
        // A second handle while the first still lives sees what a killed process would have left behind.
        assert_eq!(keys(&Store::open(&file).expect("again")).await, ["a", "b", "c"]);
    }
}

fn check_open(prepare: impl FnOnce(&std::path::Path), expect: fn(&OpenError) -> bool) {
    let folder = folder();
    let file = folder.path().join("db");
    prepare(&file);
    let before = std::fs::read(&file).unwrap_or_default();
    let error = Store::open(&file).err().expect("must not open");
    assert!(expect(&error), "{error:?}");
    assert_eq!(std::fs::read(&file).unwrap_or_default(), before, "nothing is overwritten");
}

#[test]
fn a_database_that_cannot_be_used_is_left_as_it_is() {
    check_open(
        |file| {
            std::fs::write(file, b"this is a letter, not a database, and it is longer than a header....").expect("file")
        },
        |error| matches!(error, OpenError::Damaged { .. }),
    );
    check_open(
        |file| {
            let db = rusqlite::Connection::open(file).expect("db");
            db.pragma_update(None, "user_version", SCHEMA_VERSION + 1).expect("version");
            // The journal mode is written into the file's head; have it there before the comparison.
            db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).expect("wal");
        },
        |error| matches!(error, OpenError::Newer { .. }),
    );
}

#[test]
fn broken_pages_are_found_at_opening() {
    let folder = folder();
    let file = folder.path().join("db");
    drop(Store::open(&file).expect("a store"));
    let db = rusqlite::Connection::open(&file).expect("db");
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("checkpoint");
    drop(db);
    let mut bytes = std::fs::read(&file).expect("bytes");
    let from = 4096 * 3;
    bytes[from..from + 2000].fill(0xAA);
    std::fs::write(&file, &bytes).expect("written");
    let error = Store::open(&file).err().expect("must not open");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_missing_folder_is_not_made() {
    let folder = folder();
    let error = Store::open(&folder.path().join("none/db")).err().expect("must not open");
    assert!(matches!(error, OpenError::ReadOnly(_)), "{error:?}");
}
