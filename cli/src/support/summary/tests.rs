//! The page says what there is, and `nothing` where there is nothing.

use super::{Deployment, Facts, text};

#[test]
fn the_page_has_every_fact_in_order_and_says_where_there_is_none() {
    let facts = Facts {
        time: "2026-11-30 09:00 UTC".into(),
        versions: vec![("homeport".into(), "v0.1.0".into())],
        machine: vec![("system", "Debian".into())],
        health: vec![("No route.".into(), "Connect to a network.".into())],
        deployments: vec![Deployment {
            host: "dev.example.com".into(),
            lines: vec!["3 workspaces\n1 runs".into()],
            network: vec!["UDP: works".into()],
            is_local: false,
        }],
        programs: vec![("ssh", true), ("code", false)],
        ..Facts::default()
    };
    let page = text(&facts);
    let wanted = [
        "bundle, 2026-11-30 09:00 UTC\n",
        "\nVersions\n  homeport: v0.1.0\n",
        "\nThis computer\n  system: Debian\n",
        "\nRunning\n  nothing\n",
        "  ! No route.\n      next: Connect to a network.\n",
        "\nDeployment dev.example.com\n  3 workspaces\n  1 runs\n  network: UDP: works\n",
        "\nDiagnosis\n  nothing\n",
        "  found: ssh\n  not found: code\n",
    ];
    let mut from = 0;
    for words in wanted {
        let at = page[from..].find(words).unwrap_or_else(|| panic!("{words:?} not behind {from} in\n{page}"));
        from += at + words.len();
    }
}
