//! Tests of the passwd reader.

use super::*;

#[test]
fn an_entry_is_found_by_number_and_odd_lines_are_skipped() {
    let passwd = "root:x:0:0:root:/root:/bin/bash\n\
                  # comment\n\
                  broken:x:7\n\
                  noshell:x:8:9:::\r\n\
                  dup:x:8:10::/other:/bin/sh\n\
                  +::::::\n\
                  words:x:seven:1::/:/bin/sh\n\
                  nogroup:x:11:many::/:/bin/sh\n";
    let check = |uid, expect: Option<(&str, u32, &str, Option<&str>)>| {
        let found = parse(passwd, uid);
        let found = found.as_ref().map(|account| {
            (
                account.name.as_str(),
                account.gid,
                account.home.to_str().unwrap(),
                account.shell.as_ref().map(|s| s.to_str().unwrap()),
            )
        });
        assert_eq!(found, expect, "uid {uid}");
    };
    check(0, Some(("root", 0, "/root", Some("/bin/bash"))));
    check(7, None);
    check(8, Some(("noshell", 9, "/", None)));
    check(11, None);
    check(12, None);
    let names = names(passwd);
    let check = |id: u32, expect: Option<&str>| assert_eq!(names.get(&id).map(String::as_str), expect, "{id}");
    check(0, Some("root"));
    check(7, Some("broken"));
    check(8, Some("noshell"));
    check(12, None);
}
