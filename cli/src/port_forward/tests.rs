//! Specifications of ports.

use super::spec::*;

#[test]
fn ports_are_read() {
    #[track_caller]
    fn check(given: &str, expect: &[(&str, u16)]) {
        let got = parse(given).unwrap();
        let expect: Vec<Forward> =
            expect.iter().map(|(local, remote)| Forward { local: local.parse().unwrap(), remote: *remote }).collect();
        assert_eq!(got, expect, "{given}");
    }
    check("8080", &[("127.0.0.1:8080", 8080)]);
    check("8080:80", &[("127.0.0.1:8080", 80)]);
    check("localhost:8080:80", &[("127.0.0.1:8080", 80)]);
    check("0.0.0.0:8080:80", &[("0.0.0.0:8080", 80)]);
    check("*:8080", &[("0.0.0.0:8080", 8080)]);
    check("127.0.0.2:8080", &[("127.0.0.2:8080", 8080)]);
    check("[::1]:8080:80", &[("[::1]:8080", 80)]);
    check("8000-8002", &[("127.0.0.1:8000", 8000), ("127.0.0.1:8001", 8001), ("127.0.0.1:8002", 8002)]);
    check("127.0.0.1:8000-8001:9000-9001", &[("127.0.0.1:8000", 9000), ("127.0.0.1:8001", 9001)]);
    check("80, 443:8443", &[("127.0.0.1:80", 80), ("127.0.0.1:443", 8443)]);
    check("65535", &[("127.0.0.1:65535", 65535)]);
}

#[test]
fn what_names_no_ports_is_refused() {
    #[track_caller]
    fn check(given: &str, expect: fn(&SpecError) -> bool) {
        let got = parse(given).unwrap_err();
        assert!(expect(&got), "{given}: {got:?}");
    }
    let form = |error: &SpecError| matches!(error, SpecError::Form(_));
    let range = |error: &SpecError| matches!(error, SpecError::Range(_));
    let many = |error: &SpecError| matches!(error, SpecError::TooMany(_));
    check("", form);
    check("0", form);
    check("65536", form);
    check("-1", form);
    check("+80", form);
    check("a", form);
    check("80:", form);
    check(":80", form);
    check("1:2:3:4", form);
    check("host:1:2", form);
    check("[::1]8080", form);
    check("[zz]:1", form);
    check("80,,81", form);
    check("80-", form);
    check("1-2-3", form);
    check("8010-8000", range);
    check("8000-8010:9000-9009", range);
    check("80:8000-8001", range);
    check("1-2000", many);
    check("1-65535,1-65535", many);
}
