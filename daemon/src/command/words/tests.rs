//! Tests of lines that need no shell, and of those that do.

use super::*;

fn check(line: &str, expect: Option<&[&str]>) {
    let expect = expect.map(|words| words.iter().map(OsString::from).collect::<Vec<_>>());
    assert_eq!(split(OsStr::new(line)), expect, "{line}");
}

#[test]
fn plain_lines_become_words() {
    check("/bin/a", Some(&["/bin/a"]));
    check("  /bin/a \t b  ", Some(&["/bin/a", "b"]));
    check("/bin/a --name=value", Some(&["/bin/a", "--name=value"]));
    check("'/bin/a b' \"c d\"e", Some(&["/bin/a b", "c de"]));
    check("/bin/a '' \"\"", Some(&["/bin/a", "", ""]));
    check(r"/bin/a\ b \$x", Some(&["/bin/a b", "$x"]));
    check(r#"a "\"\\\$" "\n""#, Some(&["a", "\"\\$", "\\n"]));
    check("a '$x | y; *'", Some(&["a", "$x | y; *"]));
}

#[test]
fn what_only_a_shell_can_do_is_left_to_one() {
    for line in
        ["a | b", "a; b", "a && b", "a > b", "a $x", "a `b`", "a *", "a \"$x\"", "~/a", "X=1 a", "a # b", "a\nb"]
    {
        check(line, None);
    }
}

#[test]
fn half_lines_are_no_commands() {
    for line in ["", "   ", "''", "a 'b", "a \"b", "a \\", "a \"b\\", "a\\\nb", "a \"b\\\nc\""] {
        check(line, None);
    }
}
