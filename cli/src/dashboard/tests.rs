//! The page that leads to the link.

use super::{page_of, parse_page};

#[test]
fn a_link_cannot_leave_its_attribute() {
    let page = page_of("http://box/\"><script>&#code=1");
    assert!(page.contains("url=http://box/&quot;>&lt;script>&amp;#code=1\""), "{page}");
}

#[test]
fn a_page_is_a_path_of_the_dashboard() {
    let rows = [
        ("/templates", true),
        ("/@me/box.main/terminal", true),
        ("templates", false),
        ("//evil.example", false),
        ("/x?y", false),
        ("/x#code=1", false),
        ("/\\evil.example", false),
        ("", false),
    ];
    for (text, is_page) in rows {
        assert_eq!(parse_page(text).is_ok(), is_page, "{text}");
    }
}
