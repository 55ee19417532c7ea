//! A path of a page stays below the interface, whatever is written in it.

use proto::secret::Secret;
use url::Url;

use crate::Deployment;

fn below(base: &str, path: &str) -> Option<String> {
    let deployment = Deployment::new(Url::parse(base).unwrap(), Secret::new("token")).unwrap();
    deployment.below(path).ok().map(String::from)
}

#[test]
fn a_path_leads_into_the_interface_or_nowhere() {
    let good = |path: &str| below("https://a.example", path).unwrap();
    assert_eq!(good("/workspaces?q=owner:me&limit=2"), "https://a.example/api/v2/workspaces?q=owner:me&limit=2");
    assert_eq!(good("/users/me/../you"), "https://a.example/api/v2/users/you");
    assert_eq!(below("https://a.example/sub/", "/x").unwrap(), "https://a.example/sub/api/v2/x");
    for path in ["", "workspaces", "/../../healthz", "/../v3/x", "/%2e%2e/%2e%2e/x", "/..\\..\\x", "@evil.example/x"] {
        assert_eq!(below("https://a.example", path), None, "{path}");
    }
}
