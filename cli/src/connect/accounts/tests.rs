//! Which deployments are chosen, and in which order.

use client::sessions::{Session, Source};
use proto::secret::Secret;

fn session(url: &str, token: &str, source: Source) -> Session {
    Session { url: url.parse().unwrap(), token: Secret::new(token), source }
}

#[test]
fn every_deployment_once_and_the_local_one_first() {
    #[track_caller]
    fn check(local: Option<&str>, stored: &[&str], expect: &[(&str, &str, bool)]) {
        let local = local.map(|url| session(url, "local", Source::Local("/x".into())));
        let stored = stored.iter().map(|url| session(url, "stored", Source::Keyring)).collect();
        let found = super::merge(local, stored);
        let found: Vec<_> = found.iter().map(|one| (one.url.as_str(), one.token.expose(), one.is_local)).collect();
        assert_eq!(found, expect);
    }
    check(None, &[], &[]);
    check(Some("http://127.0.0.1:7080"), &[], &[("http://127.0.0.1:7080/", "local", true)]);
    check(None, &["https://a.example"], &[("https://a.example/", "stored", false)]);
    check(
        Some("http://127.0.0.1:7080"),
        &["https://a.example", "https://b.example", "https://a.example/"],
        &[
            ("http://127.0.0.1:7080/", "local", true),
            ("https://a.example/", "stored", false),
            ("https://b.example/", "stored", false),
        ],
    );
    check(Some("http://127.0.0.1:7080"), &["http://127.0.0.1:7080"], &[("http://127.0.0.1:7080/", "stored", true)]);
    let many: Vec<String> = (0..40).map(|number| format!("https://{number}.example")).collect();
    let many = many.iter().map(|url| session(url, "t", Source::Keyring)).collect();
    assert_eq!(super::merge(None, many).len(), 16);
}
