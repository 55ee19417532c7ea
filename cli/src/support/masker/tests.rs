//! Secrets of every kind go, wherever they stand; what helps stays.

use super::Masker;

/// A secret of each kind that exists here, as it looks. The tests of the bundle hide them in every file.
pub const CANARIES: &[&str] = &[
    // A session token, a daemon's token, keys of the mesh as text and as base64, a resume token, a one-time code.
    "zK3mNq8RtY-aB9cD8eF7gH6iJ5kL4mN3o",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "8f4e2d6c0b1a39587f6e5d4c3b2a19087f6e5d4c3b2a19086a5b4c3d2e1f0a9b",
    "mEv7Xq/2Lk+Jt0RzC4nB9wY1uH6sD3gF5aP8oK/iQe0=",
    "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJjYW5hcnkifQ.Zm9vYmFyYmF6cXV4Zm9vYmFy",
    "Hq7TzP4wLm2XcV9bNk5R",
];

#[test]
fn whatever_looks_like_a_secret_goes() {
    for canary in CANARIES {
        for line in [
            (*canary).to_owned(),
            format!("level=error what=\"{canary}\" x"),
            format!("GET /api/v2/x?coder_session_token={canary} 401"),
            format!("http://127.0.0.1:7080/sign-in#code={canary}"),
            format!("{{\"a\":\"{canary}\"}}"),
            format!("a,{canary};b"),
            format!("/tmp/{canary}/x"),
        ] {
            let masked = Masker::default().mask(&line);
            assert!(!masked.contains(canary), "{line} became {masked}");
            // Nor the better part of it.
            assert!(!masked.contains(&canary[4..canary.len() - 4]), "{line} became {masked}");
        }
    }
}

#[test]
fn what_is_announced_as_a_secret_goes_also_where_it_looks_like_a_word() {
    for (line, masked) in [
        ("password=hunter", "password=<secret>"),
        ("{\"session_token\": \"horse\", \"port\": 80}", "{\"session_token\": \"<secret>\", \"port\": 80}"),
        ("Coder-Session-Token: horse staple", "Coder-Session-Token: <secret> staple"),
        ("Authorization: Basic horse staple", "Authorization: <secret>"),
        ("Cookie: a=b; c=d", "Cookie: <secret>"),
        ("rdp?username=bob&password=horse", "rdp?username=bob&password=<secret>"),
        ("http://bob:horse@dev.example.com/x", "http://<user>@dev.example.com/x"),
        ("https://dev.example.com/a?b=c#d rest", "https://dev.example.com/a?<query> rest"),
        ("a\n-----BEGIN OPENSSH PRIVATE KEY-----\nhorse\n-----END OPENSSH PRIVATE KEY-----\nb", "a\n<key>\nb"),
    ] {
        assert_eq!(Masker::default().mask(line), masked);
    }
}

#[test]
fn what_helps_stays() {
    for line in [
        "2026-11-30T09:16:19.123456789Z  INFO server::builds: adopted a running workspace daemon",
        "x86_64-unknown-linux-gnu, Linux 6.1.0-28-amd64, Debian GNU/Linux 12 (bookworm)",
        "http://127.0.0.1:7080/api/v2/workspaces status=401 in 12ms",
        "direct 192.168.1.17:41641, fd7a:115c:a1e0:4353:89d9:4ca8:9c42:8d2d",
        "the token file cannot be read; exit code: 1; tokens: 3",
        "systemctl start homeport-tunnel; /usr/lib/x86_64-linux-gnu/libwebkit2gtk-4.1.so.0",
        "org.freedesktop.Notifications, com.canonical.dbusmenu, StatusNotifierItem",
        "thread 'main' panicked at src-tauri/src/state/clicks.rs:120:9",
    ] {
        assert_eq!(Masker::default().mask(line), line);
    }
}

#[test]
fn people_and_their_folders_have_no_names() {
    let mut masker = Masker::default();
    masker.home("/srv/people/ann/");
    masker.name("ann", "<user>");
    masker.name("annslaptop", "<this computer>");
    masker.name("root", "<user>");
    for (line, masked) in [
        ("/srv/people/ann/.config/homeport", "~/.config/homeport"),
        ("/srv/people/annex and the annals", "/srv/people/annex and the annals"),
        ("ann/box, @ann, ann@dev", "<user>/box, @<user>, <user>@dev"),
        ("/home/bob/x, /home/, HOME=/home/bob", "/home/<user>/x, /home/, HOME=/home/<user>"),
        ("annslaptop: root cause", "<this computer>: root cause"),
    ] {
        assert_eq!(masker.mask(line), masked);
    }
}

#[test]
fn known_secrets_go_in_any_shape_and_ids_can_be_followed() {
    let mut masker = Masker::default();
    masker.secret("horsestaple");
    masker.secret("short");
    assert_eq!(masker.mask("xhorsestaplex short"), "x<secret>x short");
    let (one, two) = ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8");
    assert_eq!(masker.mask(&format!("agent={one} {two}")), "agent=<id 1> <id 2>");
    assert_eq!(masker.mask(&format!("{two}-{}", one.to_uppercase())), "<id 2>-<id 1>");
}

#[test]
fn any_text_is_taken() {
    for text in ["", "=", "://", "a://?", "\u{202e}é=\u{1f600}://\u{e9}@?", "-----BEGIN ", "token=", "token:\u{e9}"] {
        Masker::default().mask(text);
    }
}
