//! The systemd unit: how much it exposes, as systemd itself counts it.

use std::path::Path;
use std::process::{Command, Output};

use tests::binary::{output, said};

/// Tenths of systemd's points: 2.0 is what we promise.
const MOST: &str = "20";

fn judge(unit: &str) -> Option<Output> {
    if output(Command::new("sh").args(["-c", "command -v systemd-analyze"])).stdout.is_empty() {
        eprintln!("SKIPPED the judgement of the unit file: no systemd-analyze");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("homeport-tunnel.service");
    std::fs::write(&path, unit).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager", "--threshold", MOST]).arg(path);
    Some(output(&mut command))
}

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../installers/linux/homeport-tunnel.service");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_unit_exposes_little() {
    let unit = unit();
    for line in ["AmbientCapabilities=CAP_NET_ADMIN", "CapabilityBoundingSet=CAP_NET_ADMIN", "NoNewPrivileges=yes"] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
    if let Some(judged) = judge(&unit) {
        assert!(judged.status.success(), "{}", said(&judged));
    }
}

#[test]
fn a_unit_that_exposes_more_is_red() {
    for protection in ["CapabilityBoundingSet=", "SystemCallFilter=", "User="] {
        let open: Vec<String> =
            unit().lines().filter(|line| !line.starts_with(protection)).map(str::to_owned).collect();
        if let Some(judged) = judge(&open.join("\n")) {
            assert!(!judged.status.success(), "without {protection}: {}", said(&judged));
        }
    }
}
