//! Relays behind TLS and behind proxies.

use super::way::{Mood, Sealed, TestProxy};
use super::*;

/// A relay that is called `relay.test`. Without an address it is found by nobody but a proxy.
fn named_map(port: u16, is_sealed: bool, address: &str) -> DerpMap {
    let node = Node {
        name: "test".to_owned(),
        region_id: EMBEDDED_REGION,
        host_name: "relay.test".to_owned(),
        ipv4: address.to_owned(),
        ipv6: "none".to_owned(),
        derp_port: i32::from(port),
        stun_port: -1,
        force_http: !is_sealed,
        ..Node::default()
    };
    let region = Region { region_id: EMBEDDED_REGION, nodes: vec![node], ..Region::default() };
    DerpMap { home_params: None, regions: [(EMBEDDED_REGION, region)].into() }
}

fn proxied(variable: &'static str, url: String, except: &'static str) -> Proxies {
    Proxies::from_variables(|name| match name {
        "NO_PROXY" => Some(except.to_owned()),
        name => (name == variable).then(|| url.clone()),
    })
}

/// Bytes go through the relay and come back.
async fn works(relay: &TestRelay, change: impl Fn(&mut MeshConfig)) {
    let (client, daemon) = pair(relay, |config| {
        relay_only(config);
        change(config);
    })
    .await;
    echo(daemon.mesh.listen_tcp(7).await.unwrap());
    let mut stream = client.mesh.dial_tcp(at(&daemon, 7)).await.unwrap();
    exchange(&mut stream, &vec![5; 300_000]).await;
    assert!(client.mesh.status().await.relay_problems.is_empty());
}

/// What the mesh says of a relay that it cannot reach.
async fn problem(relay: &TestRelay, change: impl Fn(&mut MeshConfig)) -> String {
    let peer = peer(Role::Client, relay, change).await;
    loop {
        if let Some(problem) = peer.mesh.status().await.relay_problems.remove(&EMBEDDED_REGION) {
            return problem;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_behind_tls_is_used_by_who_trusts_its_certificate() {
    within(async {
        let relay = TestRelay::start().await;
        let sealed = Sealed::start(relay.address(), "relay.test").await;
        for force_websockets in [false, true] {
            works(&relay, |config| {
                config.force_websockets = force_websockets;
                config.derp_map = named_map(sealed.address.port(), true, "127.0.0.1");
                config.relay_transport.extra_roots = vec![sealed.root.clone()];
            })
            .await;
            assert_eq!(relay.websockets(), if force_websockets { 2 } else { 0 });
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_certificate_is_refused_and_named() {
    within(async {
        let relay = TestRelay::start().await;
        let (right, other) =
            (Sealed::start(relay.address(), "relay.test").await, Sealed::start(relay.address(), "other.test").await);
        // Unknown issuer, another issuer of the same name, known issuer but another name.
        for (front, roots) in [(&right, vec![]), (&right, vec![other.root.clone()]), (&other, vec![other.root.clone()])]
        {
            for force_websockets in [false, true] {
                let said = problem(&relay, |config| {
                    config.force_websockets = force_websockets;
                    config.derp_map = named_map(front.address.port(), true, "127.0.0.1");
                    config.relay_transport.extra_roots.clone_from(&roots);
                })
                .await;
                assert!(
                    said.starts_with("relay.test showed a certificate that this computer does not trust: "),
                    "{said}"
                );
            }
        }
        assert_eq!((relay.forwarded(), relay.websockets()), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_leads_to_the_relay_with_and_without_tls() {
    within(async {
        let relay = TestRelay::start().await;
        let sealed = Sealed::start(relay.address(), "relay.test").await;
        let check = async |variable: &'static str, to: SocketAddr, mood: Mood, login: &str| {
            let proxy = TestProxy::start(to, mood).await;
            works(&relay, |config| {
                config.derp_map = named_map(to.port(), variable == "HTTPS_PROXY", "none");
                config.relay_transport.extra_roots = vec![sealed.root.clone()];
                config.relay_transport.proxies = proxied(variable, format!("http://{login}{}", proxy.address), "");
            })
            .await;
            // A latency check and a connection of each peer.
            assert!(proxy.tunnels() >= 4, "{} tunnels", proxy.tunnels());
            assert_eq!(proxy.refusals(), 0);
        };
        check("HTTP_PROXY", relay.address(), Mood::Open, "").await;
        check("HTTPS_PROXY", sealed.address, Mood::Open, "").await;
        check("HTTPS_PROXY", sealed.address, Mood::Login("Basic YW5uOnN3b3JkZmlzaA=="), "ann:swordfish@").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_excepted_relay_is_reached_without_the_proxy() {
    within(async {
        let relay = TestRelay::start().await;
        let proxy = TestProxy::start(relay.address(), Mood::Open).await;
        works(&relay, |config| {
            config.derp_map = named_map(relay.address().port(), false, "127.0.0.1");
            config.relay_transport.proxies = proxied("HTTP_PROXY", proxy.address.to_string(), "relay.test");
        })
        .await;
        assert_eq!(proxy.tunnels(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_refuses_is_named_and_its_password_is_not() {
    within(async {
        let relay = TestRelay::start().await;
        let port = relay.address().port();
        let check = async |mood: Mood, expect: &dyn Fn(SocketAddr) -> String| {
            let proxy = TestProxy::start(relay.address(), mood).await;
            let said = problem(&relay, |config| {
                config.derp_map = named_map(port, false, "127.0.0.1");
                let url = format!("http://ann:swordfish@{}", proxy.address);
                config.relay_transport.proxies = proxied("HTTP_PROXY", url, "");
            })
            .await;
            assert_eq!(said, expect(proxy.address));
            assert!(proxy.refusals() > 0);
            assert_eq!(proxy.tunnels(), 0);
        };
        let refuses = |status: u16| {
            move |proxy| {
                format!("the HTTP proxy {proxy} refuses to lead to relay.test:{port} (HTTP status {status})")
            }
        };
        check(Mood::Closed(403), &refuses(403)).await;
        check(Mood::Closed(502), &refuses(502)).await;
        check(Mood::Login("Basic other"), &|proxy| {
            format!(
                "the HTTP proxy {proxy} wants a login before it leads to relay.test:{port} (HTTP status 407): put user and password into HTTPS_PROXY"
            )
        })
        .await;
        // Refused ways are no reason to try websockets, and no reason to go directly.
        assert_eq!((relay.forwarded(), relay.websockets()), (0, 0));
        let gone = problem(&relay, |config| {
            config.derp_map = named_map(port, false, "127.0.0.1");
            config.relay_transport.proxies = proxied("HTTP_PROXY", "http://127.0.0.1:9".to_owned(), "");
        })
        .await;
        assert!(gone.starts_with("cannot connect to the HTTP proxy 127.0.0.1:9: "), "{gone}");
    })
    .await;
}
