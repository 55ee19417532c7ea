//! The lines as they are written.

use super::*;

#[test]
fn a_view_and_a_click_are_these_lines() {
    let items = vec![
        MenuItem::Line { label: "● Homeport".into() },
        MenuItem::Switch { label: "Connect".into(), is_on: true },
        MenuItem::Ask { label: "Where?".into(), hint: "dev.example.com".into() },
        MenuItem::Separator,
        MenuItem::More { key: "k".into(), label: "box".into(), items: vec![MenuItem::Do { label: "Stop".into() }] },
    ];
    let view = MenuView { number: 7, icon: MenuIcon::On, headline: "on".into(), items };
    let line = concat!(
        r#"{"kind":"view","number":7,"icon":"on","headline":"on","items":[{"kind":"line","label":"● Homeport"},"#,
        r#"{"kind":"switch","label":"Connect","is_on":true},"#,
        r#"{"kind":"ask","label":"Where?","hint":"dev.example.com"},{"kind":"separator"},"#,
        r#"{"kind":"more","key":"k","label":"box","items":[{"kind":"do","label":"Stop"}]}]}"#
    );
    assert_eq!(serde_json::to_string(&FromTray::View(view.clone())).unwrap(), line);
    assert_eq!(serde_json::from_str::<FromTray>(line).unwrap(), FromTray::View(view));
    assert_eq!(serde_json::to_string(&FromTray::Ended).unwrap(), r#"{"kind":"ended"}"#);

    let click = Click { view: 7, path: vec![3, 0], text: None };
    assert_eq!(serde_json::to_string(&click).unwrap(), r#"{"view":7,"path":[3,0]}"#);
    let answer = Click { text: Some("a\"b".into()), ..click };
    let line = r#"{"view":7,"path":[3,0],"text":"a\"b"}"#;
    assert_eq!(serde_json::to_string(&answer).unwrap(), line);
    assert_eq!(serde_json::from_str::<Click>(line).unwrap(), answer);
    let longest = Click { text: Some("\u{1}".repeat(MAX_TEXT)), ..answer };
    assert!(serde_json::to_string(&longest).unwrap().len() < MAX_CLICK);
    for bad in
        [r#"{"view":7}"#, r#"{"view":-1,"path":[]}"#, r#"{"view":7,"path":[70000]}"#, r#"{"view":7,"path":[],"x":1}"#]
    {
        assert!(serde_json::from_str::<Click>(bad).is_err(), "{bad}");
    }
}
