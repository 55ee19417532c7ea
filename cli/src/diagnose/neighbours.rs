//! Other VPNs of this computer, seen by their network devices.

use std::path::Path;

/// Devices that belong to well-known products, by the beginning of their name.
const KNOWN: &[(&str, &str)] = &[
    ("tailscale", "Tailscale"),
    ("wg", "WireGuard"),
    ("nordlynx", "NordVPN"),
    ("proton", "Proton VPN"),
    ("CloudflareWARP", "Cloudflare WARP"),
    ("cscotun", "Cisco AnyConnect"),
    ("gpd", "GlobalProtect"),
    ("zt", "ZeroTier"),
    ("ppp", "a PPP connection"),
];

/// The other VPN devices, each with what it most likely is.
pub fn look(own: Option<&str>) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/sys/class/net") else { return Vec::new() };
    let mut found: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.to_owned();
            let kind = kind(&name, is_wireguard(&path), path.join("tun_flags").exists());
            kind.filter(|_| Some(name.as_str()) != own).map(|kind| format!("{name} ({kind})"))
        })
        .collect();
    found.sort();
    found
}

fn is_wireguard(path: &Path) -> bool {
    std::fs::read_to_string(path.join("uevent")).is_ok_and(|text| text.contains("DEVTYPE=wireguard"))
}

/// What a device is, when it is a VPN's.
pub fn kind(name: &str, is_wireguard: bool, is_tun: bool) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| *kind);
    match (is_wireguard, is_tun) {
        (true, _) => known.or(Some("WireGuard")),
        (false, true) => known.or(Some("a VPN")),
        (false, false) => None,
    }
}
