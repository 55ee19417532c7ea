//! Which arguments are questions of Git.

use super::*;

#[test]
fn questions_are_recognised() {
    #[track_caller]
    fn check(given: &str, expect: Option<(bool, &str)>) {
        let expect = expect.map(|(is_password, url)| Question { is_password, url: url.to_owned() });
        assert_eq!(parse(given), expect, "{given}");
    }
    check("Username for 'https://git.example.com': ", Some((false, "https://git.example.com")));
    check("Password for 'https://alice@git.example.com': ", Some((true, "https://alice@git.example.com")));
    check("Username for 'ssh://git.example.com': ", None);
    check("Username for 'nonsense': ", None);
    check("Username for 'https://a", None);
    check("Username for ", None);
    check("list", None);
    check("", None);
}
