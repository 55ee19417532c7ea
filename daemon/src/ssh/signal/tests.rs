//! Tests of signal names.

use super::*;

#[test]
fn every_name_survives_the_way_there_and_back() {
    for (name, signal) in NAMES {
        assert_eq!(from_wire(&to_wire(signal)), Some(signal), "{name}");
        assert_eq!(from_wire(&Sig::Custom(name.to_owned())), Some(signal), "{name}");
    }
    for unknown in ["", "WINCH", "term", "SIGTERM", "9", "\0"] {
        assert_eq!(from_wire(&Sig::Custom(unknown.to_owned())), None, "{unknown}");
    }
}
