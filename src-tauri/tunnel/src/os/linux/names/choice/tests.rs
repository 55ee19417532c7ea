//! Machines as they are found, and who is told on each.

use super::*;
use NameService as N;

const STUB: &str = "# by systemd-resolved\nnameserver 127.0.0.53\noptions edns0 trust-ad\nsearch .\n";
const ROUTER: &str = "search lan\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n";
const NSS: &str = "passwd: files\nhosts: files mymachines resolve [!UNAVAIL=return] dns # dns\n";

fn facts(resolved: bool, resolv_conf: &str, nsswitch: &str) -> Facts {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Facts { resolved, resolv_conf: text(resolv_conf), nsswitch: text(nsswitch), ..Facts::default() }
}

#[test]
fn the_best_way_comes_first() {
    let check = |facts: Facts, expect: &[NameService]| assert_eq!(facts.ways(), expect, "{facts:?}");
    let all = |facts: Facts| Facts { dnsmasq: true, openresolv: true, may_change: true, ..facts };
    check(facts(false, ROUTER, ""), &[]);
    check(facts(false, STUB, NSS), &[]);
    check(facts(true, STUB, ""), &[N::Resolved]);
    check(facts(true, ROUTER, NSS), &[N::Resolved]);
    check(facts(true, ROUTER, "hosts: files dns resolve"), &[N::Resolved]);
    check(all(facts(true, STUB, "")), &[N::Resolved, N::NetworkManager, N::Openresolv, N::ResolvConf]);
    check(all(facts(true, ROUTER, "")), &[N::NetworkManager, N::Openresolv, N::ResolvConf, N::Resolved]);
    check(all(facts(false, "", "")), &[N::NetworkManager, N::Openresolv, N::ResolvConf]);
    check(Facts { may_change: true, ..facts(false, ROUTER, NSS) }, &[N::ResolvConf]);
}

#[test]
fn a_resolver_that_nobody_asks_is_told_with_a_caveat() {
    let check = |facts: Facts, way: NameService, expect: bool| {
        assert_eq!(facts.caveat(way).is_some(), expect, "{facts:?}");
    };
    check(facts(true, STUB, ""), N::Resolved, false);
    check(facts(true, &format!("{STUB}nameserver 192.0.2.1\n"), ""), N::Resolved, true);
    check(facts(true, "", ""), N::Resolved, true);
    check(facts(true, ROUTER, "hosts: files dns"), N::Resolved, true);
    check(facts(true, ROUTER, "# hosts: resolve\n"), N::Resolved, true);
    check(facts(true, ROUTER, ""), N::ResolvConf, false);
}

#[test]
fn name_servers_are_read_as_the_c_library_reads_them() {
    let check = |text: &str, expect: &[&str]| {
        let expect: Vec<IpAddr> = expect.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(nameservers(text), expect, "{text:?}");
    };
    check("", &[]);
    check(ROUTER, &["192.0.2.1", "fe80::1"]);
    check("nameserver\nnameserver x\n#nameserver 192.0.2.1\nnameservers 192.0.2.1\n", &[]);
    check("  nameserver\t192.0.2.1  # router", &["192.0.2.1"]);
}
