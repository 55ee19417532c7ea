//! Who holds a lock, as the kernel lists it and as it is.

use super::*;

#[test]
fn the_kernel_says_who_holds_a_lock() {
    let locks = "1: POSIX  ADVISORY  WRITE 7 fe:00:99 0 EOF\n2: FLOCK  ADVISORY  WRITE 32640 fe:00:42 0 EOF\n\
                 2: -> FLOCK  ADVISORY  WRITE 5 fe:00:43 0 EOF\nnonsense\n";
    assert_eq!(holder_in(locks, 42), Some(32640));
    assert_eq!(holder_in(locks, 43), None);
    assert_eq!(holder_in(locks, 99), None);
    assert_eq!(holder_in(locks, 2), None);
}

#[test]
fn our_own_lock_is_found_and_gone() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(holder(folder.path()), None);
    let lock = File::create(folder.path().join("lock")).unwrap();
    assert_eq!(holder(folder.path()), None);
    lock.lock().unwrap();
    assert_eq!(holder(folder.path()), Some(std::process::id()));
    drop(lock);
    assert_eq!(holder(folder.path()), None);
}

#[test]
fn a_long_log_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.log");
    fs::write(&path, vec![b'x'; usize::try_from(MAX_LOG).unwrap() + 1]).unwrap();
    drop(open_log(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert!(folder.path().join("server.log.1").exists());
}
