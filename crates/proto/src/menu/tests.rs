//! The lines as they are written.

use super::*;

#[test]
fn a_view_and_a_click_are_these_lines() {
    let items = vec![
        MenuItem::Line { label: "● Homeport".into() },
        MenuItem::Switch { label: "Connect".into(), is_on: true },
        MenuItem::Separator,
        MenuItem::More { key: "k".into(), label: "box".into(), items: vec![MenuItem::Do { label: "Stop".into() }] },
    ];
    let view = MenuView { number: 7, icon: MenuIcon::On, headline: "on".into(), items };
    let line = concat!(
        r#"{"kind":"view","number":7,"icon":"on","headline":"on","items":[{"kind":"line","label":"● Homeport"},"#,
        r#"{"kind":"switch","label":"Connect","is_on":true},{"kind":"separator"},"#,
        r#"{"kind":"more","key":"k","label":"box","items":[{"kind":"do","label":"Stop"}]}]}"#
    );
    assert_eq!(serde_json::to_string(&FromTray::View(view.clone())).unwrap(), line);
    assert_eq!(serde_json::from_str::<FromTray>(line).unwrap(), FromTray::View(view));
    assert_eq!(serde_json::to_string(&FromTray::Ended).unwrap(), r#"{"kind":"ended"}"#);

    let click = Click { view: 7, path: vec![3, 0] };
    assert_eq!(serde_json::to_string(&click).unwrap(), r#"{"view":7,"path":[3,0]}"#);
    for bad in
        [r#"{"view":7}"#, r#"{"view":-1,"path":[]}"#, r#"{"view":7,"path":[70000]}"#, r#"{"view":7,"path":[],"x":1}"#]
    {
        assert!(serde_json::from_str::<Click>(bad).is_err(), "{bad}");
    }
}
