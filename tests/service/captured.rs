//! K3: the instrument that watches every uplink of these tests sees what it is there for.

use std::time::Duration;

use tests::binary::{output, run};
use tests::lab::{Capture, Namespace, available};

#[test]
fn a_leak_is_seen() {
    if !available("a_leak_is_seen") {
        return;
    }
    let (near, far) = (Namespace::new("near"), Namespace::new("far"));
    near.cable("eth0", &far, "lan");
    for (namespace, link, last) in [(&near, "eth0", 2), (&far, "lan", 1)] {
        namespace.ip(&["addr", "add", &format!("192.0.2.{last}/24"), "dev", link]);
        namespace.ip(&["addr", "add", &format!("2001:db8::{last}/64"), "dev", link, "nodad"]);
        namespace.ip(&["link", "set", link, "up"]);
    }
    // A neighbour is found once its link has settled; before that a packet waits for a second or more.
    let greets = || output(near.command("ping").args(["-6", "-c", "1", "-W", "1", "2001:db8::1"])).status.success();
    super::until(Duration::from_secs(30), greets);
    let mut quiet = Capture::start(&far, &near, "192.0.2.1");
    assert_eq!(quiet.leaks(), [""; 0], "nothing was sent");
    let mut capture = Capture::start(&far, &near, "192.0.2.1");
    run(near.command("ip").args(["-6", "route", "add", "fd60:627a:a42b::/48", "via", "2001:db8::1"]));
    let _ = near.command("ping").args(["-6", "-c", "1", "-W", "1", "fd60:627a:a42b::1"]).output();
    let seen = |line: &str| {
        let _ = near.command("bash").args(["-c", line]).output();
    };
    seen("printf '\\003box\\005CoDer' >/dev/udp/192.0.2.1/53");
    seen("printf '\\003box\\005other' >/dev/udp/192.0.2.1/53");
    seen("printf '\\003box\\005coder' >/dev/udp/192.0.2.1/5353");
    let leaks = capture.leaks();
    let of = |what: &str| leaks.iter().filter(|leak| leak.contains(what)).count();
    assert_eq!((of("fd60:627a:a42b::1"), of("a question"), leaks.len()), (1, 2, 3), "{leaks:#?}");
}
