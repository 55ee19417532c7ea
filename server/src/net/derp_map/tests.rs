//! The map for several access URLs, in its JSON form.

use super::derp_map;

fn check(access_url: &str, stun_port: Option<u16>, expected: &str) {
    let map = derp_map(&access_url.parse().unwrap(), stun_port);
    let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
    assert_eq!(serde_json::to_value(&map).unwrap()["Regions"], expected, "{access_url}");
    assert!(proto::tailnet::DerpMap::from(map).home_params.is_some(), "Go clients need home_params");
}

#[test]
fn the_relay_is_at_the_access_url_and_stun_beside_it() {
    let relay = |host: &str, port: u16, http: &str| {
        format!(
            r#""999": {{"EmbeddedRelay": true, "RegionID": 999, "RegionCode": "coder", "RegionName": "Coder Embedded Relay",
            "Nodes": [{{"Name": "999b", "RegionID": 999, "HostName": "{host}", "STUNPort": -1, "DERPPort": {port}{http}}}]}}"#
        )
    };
    let stun = |host: &str| {
        format!(
            r#""1000": {{"EmbeddedRelay": false, "RegionID": 1000, "RegionCode": "coder_stun_1000",
            "RegionName": "Coder STUN 1000", "Nodes": [{{"Name": "1000stun0", "RegionID": 1000, "HostName": "{host}",
            "STUNPort": 3478, "STUNOnly": true}}]}}"#
        )
    };
    let http = r#", "ForceHTTP": true"#;
    check("http://127.0.0.1:7080/", None, &format!("{{{}}}", relay("127.0.0.1", 7080, http)));
    check(
        "https://homeport.example.com/",
        Some(3478),
        &format!("{{{},{}}}", relay("homeport.example.com", 443, ""), stun("homeport.example.com")),
    );
    check("http://[::1]/", Some(3478), &format!("{{{},{}}}", relay("::1", 80, http), stun("::1")));
}
