//! A11: somebody on the same network who knows our address gets no answer, and learns nothing of it.

use tests::binary::output;
use tests::lab::available;

use super::{ADDRESS, Home, PEER, namespace_command, sabotaged};

#[test]
fn a_neighbour_who_knows_our_address_gets_no_answer() {
    if !available("a_neighbour_who_knows_our_address_gets_no_answer") {
        return;
    }
    let home = Home::new();
    let puppet = home.up();
    home.router.ip(&["-6", "route", "add", "fd60:627a:a42b::/48", "via", "2001:db8::2"]);
    home.host.nft("add table ip6 seen");
    home.host.nft("add counter ip6 seen came");
    home.host.nft("add chain ip6 seen in { type filter hook input priority 0; }");
    home.host.nft(&format!("add rule ip6 seen in iifname eth0 ip6 daddr {ADDRESS} counter name came"));
    if sabotaged("A11") {
        puppet.stop();
        home.host.ip(&["-6", "rule", "del", "priority", "5101"]);
    }
    let ask = |arguments: &[&str]| output(&mut namespace_command(&home.router, arguments)).status.success();
    assert!(!ask(&["ping", "-6", "-c", "2", "-i", "0.2", "-W", "1", ADDRESS]), "no echo");
    let knock = format!("exec 3<>/dev/tcp/{ADDRESS}/22");
    assert!(!ask(&["timeout", "1", "bash", "-c", &knock]), "no connection");
    // The neighbour asks who has our address on the link itself.
    assert!(!ask(&["ping", "-6", "-c", "1", "-W", "1", "-I", "lan", ADDRESS]), "no neighbour of that name");
    let came = home.host.nft("list counter ip6 seen came");
    assert!(!came.contains("packets 0"), "the questions did come: {came}");
    assert_eq!(home.leaked(), 0, "and no answer left");
    assert!(home.pings(PEER), "the tunnel itself works");
}
