//! Which versions pass.

use super::{accept, is_semver};

#[test]
fn versions_2_0_to_2_10_are_accepted() {
    for minor in 0..=10 {
        assert!(accept(&format!("2.{minor}")).is_ok(), "2.{minor}");
    }
    for other in ["2.11", "1.0", "1.10", "3.0", "2", "2.x", "", "2.1.1", "+2.1"] {
        let error = accept(other).unwrap_err();
        assert_eq!(error.status, 400, "{other}");
        assert_eq!(error.body.message, "Unknown or unsupported API version");
        assert_eq!(error.body.validations[0].field, "version", "{other}");
    }
}

#[test]
fn a_daemons_version_is_semver_with_a_v() {
    for good in ["v2.35.1", "v2.35.1-devel+abc", "v0.0.0-devel", "v2.28.0+homeport.0.1.0", "v1", "v1.2"] {
        assert!(is_semver(good), "{good}");
    }
    for bad in ["", "v", "2.35.1", "v2.35.1.4", "v2.x.1", "v2..1", "v02.1.1", "v2.1.1-", "v2.1.1+", "v1-a", "vv1.2.3"] {
        assert!(!is_semver(bad), "{bad}");
    }
    assert!(!is_semver(&format!("v1.2.3-{}", "a".repeat(300))));
}
