//! Lines of nsswitch.conf, and answers of systemd-resolved.

#[test]
fn who_is_asked_first() {
    #[track_caller]
    fn check(given: &str, expect: bool) {
        assert_eq!(super::comes_first(given), expect, "{given}");
    }
    check("hosts: files dns\n", false);
    check("passwd: files\nhosts:\tfiles resolve [!UNAVAIL=return] dns\n", true);
    check("hosts: files mymachines resolve [!UNAVAIL=return] myhostname dns", true);
    check("hosts: dns resolve", false);
    check("#hosts: resolve\n", false);
    check("", false);
}

#[test]
fn answers_are_read_or_left() {
    #[track_caller]
    fn check(given: &[u8], expect: Option<&[&str]>) {
        let found = super::read(given).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            found.as_deref(),
            expect.map(|all| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>()).as_deref()
        );
    }
    let good = br#"{"parameters":{"addresses":[{"ifindex":4,"family":10,"address":[253,96,98,122,164,43,0,0,0,0,0,0,0,0,0,1]}],"name":"box.coder","flags":1}}"#;
    check(&[&good[..], &[0]].concat(), Some(&["fd60:627a:a42b::1"]));
    check(good, None);
    check(b"{\"error\":\"io.systemd.Resolve.DNSError\",\"parameters\":{\"rcode\":3}}\0", Some(&[]));
    check(br#"{"parameters":{"addresses":[{"family":2,"address":[10,0,0,1]}]}}"#, None);
    check(b"{\"parameters\":{\"addresses\":[{\"family\":2,\"address\":[10,0,0,1]}]}}\0", Some(&[]));
    check(b"", None);
    check(b"nonsense\0", None);
}
