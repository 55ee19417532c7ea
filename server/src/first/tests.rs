//! Tests of first: given and expected, by tables where there are many.

use super::sanitize;

fn check(name: &str, expect: &str) {
    assert_eq!(sanitize(name), expect, "{name}");
}

#[test]
fn any_user_of_the_system_gets_a_name_of_the_wire() {
    check("ann", "ann");
    check("Ann.Smith", "Ann-Smith");
    check("-_x_-", "x");
    check("", "owner");
    check("\u{e9}\u{e8}", "owner");
    check(&"a".repeat(40), &"a".repeat(32));
    check(&format!("{}.b", "a".repeat(31)), &"a".repeat(31));
}
