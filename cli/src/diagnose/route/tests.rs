//! Lines of `/proc/net/ipv6_route`.

use super::claims;

fn line(to: &str, length: &str, device: &str) -> String {
    let zero = "0".repeat(32);
    format!("{to} {length} {zero} 00 {zero} 00000400 00000001 00000000 00000001 {device:>8}\n")
}

#[test]
fn foreign_claims_are_found() {
    #[track_caller]
    fn check(routes: &[(&str, &str, &str)], expect: Option<&str>) {
        let table: String = routes.iter().map(|(to, length, device)| line(to, length, device)).collect();
        assert_eq!(claims(&table, Some("homeport0")).as_deref(), expect);
    }
    let ours = "fd60627aa42b00000000000000000000";
    let inside = "fd60627aa42b00000000000000000053";
    let private = "fd000000000000000000000000000000";
    let default = "00000000000000000000000000000000";
    check(&[(ours, "30", "homeport0")], None);
    check(&[(ours, "30", "wg0")], Some("wg0"));
    check(&[(inside, "80", "tun1")], Some("tun1"));
    check(&[(private, "08", "tailscale0")], Some("tailscale0"));
    check(&[("fd7a115ca1e000000000000000000000", "30", "tailscale0")], None);
    check(&[(default, "00", "eth0")], None);
    check(&[(inside, "80", "lo")], None);
    check(&[(ours, "30", "homeport0"), (private, "07", "wg1")], Some("wg1"));
    assert_eq!(claims("nonsense\nfd 30\n\u{e9} zz x\n", None), None);
}
