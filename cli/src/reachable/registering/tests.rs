//! Names that the wire takes, and a question that names who and where.

use super::{as_name, question};

#[test]
fn any_computer_has_a_name_of_the_wire() {
    for (text, name) in [
        ("laptop", "laptop"),
        ("Ann's MacBook_Pro", "ann-s-macbook-pro"),
        ("--x--", "x"),
        ("", "computer"),
        ("\u{e9}", "computer"),
        (&"a".repeat(40), &"a".repeat(32)),
        (&format!("{}.b", "a".repeat(31)), &"a".repeat(31)),
    ] {
        assert_eq!(as_name(text), name, "{text}");
    }
}

#[test]
fn the_question_names_host_and_user() {
    let question = question("https://dev.example.com", "ann", "laptop");
    assert!(question.contains("at https://dev.example.com as laptop?"), "{question}");
    assert!(question.contains("signed in there as ann "), "{question}");
}
