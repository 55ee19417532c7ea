//! Tests of the choice of a shell.

use super::*;

#[test]
fn the_first_usable_shell_wins() {
    let check = |account: Option<&str>, environment: Option<&str>, present: &[&str], expect: Option<&str>| {
        let found = choose(account.map(Path::new), environment.map(Path::new), |path| {
            present.iter().any(|p| Path::new(p) == path)
        });
        assert_eq!(found.as_deref(), expect.map(Path::new), "{account:?} {environment:?} {present:?}");
    };
    check(Some("/bin/zsh"), Some("/bin/fish"), &["/bin/zsh", "/bin/fish", "/bin/sh"], Some("/bin/zsh"));
    check(Some("/bin/zsh"), Some("/bin/fish"), &["/bin/fish", "/bin/sh"], Some("/bin/fish"));
    check(Some("/usr/sbin/nologin"), None, &["/usr/sbin/nologin", "/bin/sh"], Some("/bin/sh"));
    check(Some("/bin/false"), None, &["/bin/false"], None);
    check(None, Some("sh"), &["sh", "/bin/ash"], Some("/bin/ash"));
    check(None, None, &["/usr/bin/bash", "/bin/sh"], Some("/usr/bin/bash"));
    check(None, None, &[], None);
}
