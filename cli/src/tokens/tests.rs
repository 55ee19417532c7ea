//! Lifetimes as people write them.

#[test]
fn lifetimes_are_read() {
    #[track_caller]
    fn check(given: &str, expect_seconds: Option<i64>) {
        let got = super::parse_span(given).ok();
        assert_eq!(got, expect_seconds.map(|seconds| seconds * 1_000_000_000), "{given}");
    }
    check("90s", Some(90));
    check("30m", Some(1800));
    check("12h", Some(43_200));
    check("7d", Some(604_800));
    check("1w", Some(604_800));
    check("0h", None);
    check("-1h", None);
    check("1", None);
    check("h", None);
    check("1x", None);
    check("99999999999d", None);
    check("\u{e9}h", None);
}
