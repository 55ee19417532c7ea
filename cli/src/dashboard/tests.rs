//! The page that leads to the link.

use super::page_of;

#[test]
fn a_link_cannot_leave_its_attribute() {
    let page = page_of("http://box/\"><script>&#code=1");
    assert!(page.contains("url=http://box/&quot;>&lt;script>&amp;#code=1\""), "{page}");
}
