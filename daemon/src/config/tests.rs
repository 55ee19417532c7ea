//! Configuration: spans, addresses, tokens and headers, good and bad; and that no secret shows in an error.

use std::time::Duration;

use clap::Parser;

use super::{Args, Config, span};

#[derive(clap::Parser)]
struct Program {
    #[command(flatten)]
    args: Args,
}

fn resolve(words: &[&str]) -> Result<Config, String> {
    let words = std::iter::once("daemon").chain(words.iter().copied());
    let args = Program::try_parse_from(words).map_err(|error| error.to_string())?.args;
    args.resolve("/opt/homeport".into()).map_err(|error| error.to_string())
}

const URL: &str = "--agent-url=http://127.0.0.1:7080";
const TOKEN: &str = "--agent-token=0b5a0a3e-97b5-4d5c-a4f0-0123456789ab";

#[test]
fn spans() {
    let check = |text, expect: Option<Duration>| assert_eq!(span::parse(text).ok(), expect, "{text:?}");
    check("72h", Some(Duration::from_secs(72 * 3600)));
    check("1h30m", Some(Duration::from_secs(5400)));
    check("1.5s", Some(Duration::from_millis(1500)));
    check("100ms", Some(Duration::from_millis(100)));
    check(" 5s ", Some(Duration::from_secs(5)));
    check("0", Some(Duration::ZERO));
    for bad in ["", "5", "s", "5x", "-5s", "1..5s", "5s5", "99999999999999999999h", "h5"] {
        check(bad, None);
    }
}

#[test]
fn what_makes_sense() {
    let config = resolve(&[URL, TOKEN, "--agent-header=X-One=1", "--agent-header=X-Two=a=b"]).unwrap();
    assert_eq!(config.access_url.as_str(), "http://127.0.0.1:7080/");
    assert!(config.token.ct_eq("0b5a0a3e-97b5-4d5c-a4f0-0123456789ab"));
    assert_eq!(config.headers, [("X-One".to_owned(), "1".to_owned()), ("X-Two".to_owned(), "a=b".to_owned())]);
    assert_eq!(config.ssh_max_timeout, Duration::from_secs(72 * 3600));
    assert!(!config.policy.block_file_transfer);
    assert!(resolve(&[URL, TOKEN, "--block-file-transfer"]).unwrap().policy.block_file_transfer);
    assert!(!resolve(&[URL, TOKEN, "--block-file-transfer=false"]).unwrap().policy.block_file_transfer);
    assert_eq!(resolve(&[URL, TOKEN, "--subsystem=envbox,exectrace"]).unwrap().subsystems.len(), 2);
}

#[test]
fn what_does_not() {
    let check = |words: &[&str], expect: &str| {
        let error = resolve(words).map(|_| ()).unwrap_err();
        assert!(error.contains(expect), "{words:?} gave {error}");
        assert!(!error.contains("SECRET"), "{error}");
    };
    check(&[TOKEN], "address of the deployment is missing");
    check(&["--agent-url=ftp://x", TOKEN], "not understood");
    check(&["--agent-url=nonsense", TOKEN], "not understood");
    check(&[URL], "token is missing");
    check(&[URL, "--agent-token=  "], "token is missing");
    check(&[URL, "--agent-token=SECRET\u{e4}"], "token is not one");
    check(&[URL, "--agent-token-file=/nonexistent/file"], "/nonexistent/file cannot be read");
    check(&[URL, TOKEN, "--auth=aws-instance-identity"], "not supported");
    check(&[URL, TOKEN, "--agent-header=X-A=1", "--agent-header=SECRET"], "header number 2");
    check(&[URL, TOKEN, "--agent-header=bad name=SECRET"], "header number 1");
    check(&[URL, TOKEN, "--subsystem=other"], "other is not a subsystem");
}

#[test]
fn the_token_file_wins_and_is_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-the-file\n").unwrap();
    let config = resolve(&[URL, TOKEN, &format!("--agent-token-file={}", path.display())]).unwrap();
    assert!(config.token.ct_eq("from-the-file"));
    assert_eq!(format!("{:?}", config.token), "Secret(…)");
}
