//! What a message of a JSON socket may hold.

#[test]
fn messages_hold_one_or_several_or_an_array_of_values() {
    #[track_caller]
    fn check(given: &str, expect: Option<&[u32]>) {
        let got = super::values::<u32>(given.as_bytes()).ok().map(Vec::from);
        assert_eq!(got.as_deref(), expect, "{given}");
    }
    check("1", Some(&[1]));
    check("1\n", Some(&[1]));
    check("1\n2\n3", Some(&[1, 2, 3]));
    check("[1,2]", Some(&[1, 2]));
    check("[]", Some(&[]));
    check("", Some(&[]));
    check("[1,\"x\"]", None);
    check("{", None);
    check("1 x", None);
}
