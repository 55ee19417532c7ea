//! Switched on and off again, every file is as it was.

use super::{with, without};

#[test]
fn on_and_off_leaves_the_file_as_it_was() {
    for (text, on, before) in [
        ("", "[Default Applications]\nx-scheme-handler/coder=us.desktop\n", None),
        (
            "[Default Applications]\ntext/html=web.desktop\n",
            "[Default Applications]\nx-scheme-handler/coder=us.desktop\ntext/html=web.desktop\n",
            None,
        ),
        (
            "[Added Associations]\nx-scheme-handler/coder=them.desktop\n",
            "[Added Associations]\nx-scheme-handler/coder=them.desktop\n[Default Applications]\nx-scheme-handler/coder=us.desktop\n",
            None,
        ),
        (
            "[Default Applications]\nx-scheme-handler/coder=them.desktop\n[Other]\na=b\n",
            "[Default Applications]\nx-scheme-handler/coder=us.desktop\n[Other]\na=b\n",
            Some("them.desktop"),
        ),
    ] {
        let (now, was) = with(text, "coder", "us.desktop");
        assert_eq!((now.as_str(), was.as_deref()), (on, before));
        assert_eq!(with(&now, "coder", "us.desktop"), (now.clone(), None), "twice is once");
        assert_eq!(without(&now, "coder", "us.desktop", before), text);
    }
}

#[test]
fn what_somebody_changed_since_is_left_alone() {
    let text = "[Default Applications]\nx-scheme-handler/coder=new.desktop\n";
    assert_eq!(without(text, "coder", "us.desktop", Some("old.desktop")), text);
}
