//! A18: a page that is not ours, in our webview, gets no command; no way leads there; and the policy that is sent is exactly
//! the one of the design. The control is the same probe on our own page, where commands answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tests::desk::{LATER, until};

use super::house::{House, program};

/// Every command, as `src-tauri/window/build.rs` lists them.
fn commands() -> Vec<String> {
    let build = include_str!("../../src-tauri/window/build.rs");
    let list = build.split_once("const COMMANDS").unwrap().1.split_once(';').unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Tries every command, with arguments that fit the most of them, and some of Tauri's own.
fn probe() -> String {
    let mut all = commands();
    assert!(all.len() > 4, "{all:?}");
    all.extend(
        ["plugin:window|close", "plugin:event|listen", "plugin:webview|create_webview", "plugin:app|version"]
            .map(str::to_owned),
    );
    format!(
        "const done = arguments[0], inside = window.__TAURI_INTERNALS__;
         if (!inside) done('no way in');
         const words = {{ method: 'GET', path: '/buildinfo', body: null, number: 7, text: null, seen: null, address: 'file:///' }};
         Promise.all({}.map((command) => inside.invoke(command, words).then(() => 'answered', (why) => String(why))
           .then((said) => [command, said]))).then((all) => done(Object.fromEntries(all)))",
        serde_json::to_string(&all).unwrap()
    )
}

/// A web server of a stranger; counts who comes.
async fn stranger() -> (String, Arc<AtomicUsize>) {
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    let page = move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { axum::response::Html("<title>stranger</title><p>stranger's page</p>") }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(page);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, visits)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_page_has_the_policy_and_no_way_out_and_no_token() {
    let Some(program) = program("A18, our page") else { return };
    let house = House::start(program).await;
    let window = house.window(&[], None).await;
    window.shows("1 workspace").await;

    let policy = "const done = arguments[0];
         document.addEventListener('securitypolicyviolation', (event) => done(event.originalPolicy), { once: true });
         fetch('https://a.invalid/').catch(() => {})";
    let policy = window.script(policy).await.as_str().unwrap().to_owned();
    let directives = |policy: &str| {
        let mut all: Vec<String> = policy.split(';').map(|one| one.trim().to_owned()).collect();
        all.sort();
        all
    };
    let config: Value = serde_json::from_str(include_str!("../../src-tauri/window/tauri.conf.json")).unwrap();
    assert_eq!(directives(&policy), directives(config["app"]["security"]["csp"].as_str().unwrap()));

    // The control of the probe: here the first command answers; what no capability grants does not.
    let said = window.script(&probe()).await;
    assert_eq!(said["request"], "answered", "{said}");
    assert!(said["plugin:window|close"].as_str().unwrap().contains("not allowed"), "{said}");

    let (stranger, visits) = stranger().await;
    let leave = format!(
        "for (const go of [() => location.assign('{stranger}'), () => window.open('{stranger}'),
                           () => {{ const a = document.createElement('a'); a.href = '{stranger}'; document.body.append(a); a.click(); }},
                           () => {{ const f = document.createElement('iframe'); f.src = '{stranger}'; document.body.append(f); }},
                           () => {{ const f = document.createElement('form'); f.action = '{stranger}'; document.body.append(f); f.submit(); }},
                           () => {{ new Image().src = '{stranger}'; }}, () => import('{stranger}').catch(() => {{}})])
           {{ try {{ go(); }} catch {{}} }}
         setTimeout(arguments[0], 1000)"
    );
    window.script(&leave).await;
    assert_eq!(window.path().await, "tauri://localhost/workspaces");
    assert_eq!(visits.load(Ordering::SeqCst), 0, "somebody left");

    // A21: the token is nowhere in the page, and no call brings one.
    let all = "arguments[0](document.documentElement.outerHTML + JSON.stringify(localStorage) + document.cookie)";
    let all = window.script(all).await.as_str().unwrap().to_owned();
    assert!(all.contains("box") && !all.contains(&house.token()), "the token is in the page");
    let call = "const done = arguments[0];
         window.__TAURI_INTERNALS__.invoke('request', { method: 'POST', path: '/users/me/keys', body: '{}' }).then(done, done)";
    let answer = window.script(call).await;
    assert_eq!(answer["status"], 403, "{answer}");
    let frozen = "arguments[0]([Object.isFrozen(Object.prototype), typeof window.__TAURI__])";
    assert_eq!(window.script(frozen).await, serde_json::json!([true, "undefined"]));
}

/// The product never shows such a page; a debug build can be told not to forbid it, so that the second line is tested.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_page_is_refused_every_command() {
    let Some(program) = program("A18, a stranger's page") else { return };
    let house = House::start(program).await;
    let window = house.window(&[], Some("A18")).await;
    window.shows("1 workspace").await;
    let (stranger, visits) = stranger().await;
    window.script(&format!("location.assign('{stranger}'); arguments[0]()")).await;
    let is_there = || async { (window.path().await == stranger).then_some(()) };
    until(LATER, "the stranger's page, without the first line", is_there).await;
    window.shows("stranger's page").await;
    assert!(visits.load(Ordering::SeqCst) > 0);
    let said = window.script(&probe()).await;
    if said != "no way in" {
        for (command, said) in said.as_object().unwrap() {
            let said = said.as_str().unwrap();
            assert!(said.contains("not allowed"), "{command} of a stranger's page: {said}");
        }
    }
    // The second way to another page is closed even here.
    let opened = window.script(&format!("arguments[0](String(window.open('{stranger}')))")).await;
    assert_eq!(opened, "null");
}
