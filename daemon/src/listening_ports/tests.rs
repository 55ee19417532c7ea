//! Listening ports: the kernel's table, and which of it can be reached.

use std::collections::BTreeMap;

use super::{Listener, parse, reachable};

const HEAD: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

fn line(local: &str, state: &str, inode: &str) -> String {
    format!(
        "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100\n"
    )
}

#[test]
fn the_table_of_the_kernel() {
    let check = |lines: &str, expect: &[(&str, u16, u64)]| {
        let expect: Vec<_> = expect
            .iter()
            .map(|(address, port, inode)| Listener { address: address.parse().unwrap(), port: *port, inode: *inode })
            .collect();
        assert_eq!(parse(&format!("{HEAD}{lines}")), expect, "{lines}");
    };
    check("", &[]);
    check(&line("0100007F:1F90", "0A", "77"), &[("127.0.0.1", 8080, 77)]);
    check(&line("00000000:0016", "0A", "5"), &[("0.0.0.0", 22, 5)]);
    check(&line("0100007F:1F90", "01", "77"), &[]);
    check(&line("00000000000000000000000001000000:0BB8", "0A", "9"), &[("::1", 3000, 9)]);
    check(&line("0000000000000000FFFF00000100007F:0BB8", "0A", "9"), &[("127.0.0.1", 3000, 9)]);
    for bad in ["", "0100007F", "0100007F:", "0100007:1F90", "xx00007F:1F90", "0100007F:1F90F", "€€€:1F90"] {
        check(&line(bad, "0A", "77"), &[]);
    }
    check(&line("0100007F:1F90", "0A", "-1"), &[]);
    check("short line\n", &[]);
}

#[test]
fn what_can_be_reached() {
    let listener = |address: &str, port, inode| Listener { address: address.parse().unwrap(), port, inode };
    let listeners = [
        listener("0.0.0.0", 8080, 1),
        listener("::", 8080, 2),
        listener("127.0.0.1", 3000, 3),
        listener("10.0.0.5", 4000, 4),
        listener("127.0.0.53", 53, 5),
        listener("0.0.0.0", 4, 6),
        listener("::1", 9, 7),
    ];
    let owners = BTreeMap::from([(2, "web".to_owned()), (3, "node".to_owned()), (4, "hidden".to_owned())]);
    let got: Vec<_> = reachable(&listeners, &owners).into_iter().map(|port| (port.port, port.process_name)).collect();
    let expect = [(9, ""), (53, ""), (3000, "node"), (8080, "web")].map(|(port, name)| (port, name.to_owned()));
    assert_eq!(got, expect);
}
