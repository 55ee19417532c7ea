//! No secret of any kind survives in any part, and the test would see it if one did.

use super::super::archive::{self, Part};
use super::super::masker::{Masker, tests::CANARIES};
use super::masked;

/// Parts with every canary in every way that a log writes it.
fn parts() -> Vec<Part> {
    let lines = CANARIES.iter().flat_map(|canary| {
        [
            format!("INFO said what=\"{canary}\""),
            format!("WARN GET http://127.0.0.1:7080/x?token={canary} failed"),
            format!("{{\"session_token\":\"{canary}\",\"other\":\"{canary}\"}}"),
            format!("{canary}{canary}"),
        ]
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    ["summary.txt", "logs/server.log", "settings/desktop.json", &format!("logs/{}.log", CANARIES[0])]
        .map(|name| Part { name: name.into(), text: text.clone() })
        .into()
}

/// Canaries that are found in the bytes of an archive.
fn found(parts: &[Part]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.tar.gz");
    archive::write(&path, "bundle", parts, 0).unwrap();
    let text: String = archive::tests::read(&path).into_iter().map(|part| part.name + &part.text).collect();
    CANARIES.iter().filter(|canary| text.contains(**canary)).count()
}

#[test]
fn no_canary_is_in_the_archive() {
    assert_eq!(found(&parts()), CANARIES.len(), "the control: unmasked they are all there");
    assert_eq!(found(&masked(&mut Masker::default(), parts())), 0);
}
