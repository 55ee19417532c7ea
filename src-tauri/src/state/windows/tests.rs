//! What is told of windows that fail.

use crate::event::Event;
use crate::state::tests::{NOW, check, with};

#[test]
fn a_window_that_fails_is_told_once_for_each_reason_and_shown_each_time() {
    let mut state = with(Vec::new());
    let mut fails = |why: &str, browser_instead| {
        let effects = state.on(Event::WindowFailed { why: why.into(), browser_instead }, NOW);
        assert_eq!(state.troubles.last().unwrap().1, why);
        state.troubles.clear();
        effects
    };
    let told = ["Say(\"no WebKit\")", "notify The page opens in the browser"];
    check(&fails("no WebKit", true), &told);
    check(&fails("no WebKit", true), &[]);
    check(&fails("it crashed", false), &["Say(\"it crashed\")", "notify A window of Homeport failed"]);
    check(&fails("no WebKit", true), &told);
}
