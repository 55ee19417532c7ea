//! What the line of a second start means.

use super::*;

#[test]
fn a_second_start_says_its_words_a_bare_one_is_a_word_too_and_a_quiet_one_none() {
    let heard = |arguments: &Arguments| Arguments::heard(&serde_json::to_string(arguments).unwrap()).unwrap();
    assert!(matches!(heard(&Arguments::default())[..], [Event::StartedAgain]));
    assert!(heard(&Arguments { minimized: true, ..Arguments::default() }).is_empty());
    let link = Arguments { link: Some("homeport://7".into()), ..Arguments::default() };
    assert!(matches!(&heard(&link)[..], [Event::Link(link)] if link == "homeport://7"));
    let both = Arguments { connect: true, host: true, ..Arguments::default() };
    let all = heard(&both);
    assert!(matches!(all[..], [Event::Asked(Action::Connect(true)), Event::Asked(Action::Host(true))]), "{all:?}");
    for nonsense in ["", "7", "{\"link\":7}", "x"] {
        assert!(Arguments::heard(nonsense).is_none(), "{nonsense:?}");
    }
}
