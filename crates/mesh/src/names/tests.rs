//! Names that exist, names that do not, and what is answered to each.

use std::net::Ipv6Addr;

use proto::address::{DNS_SERVER, PREFIX, under};
use proto::dns::Name;
use proto::tailnet::{Agent, Workspace, WorkspaceUpdate};
use uuid::Uuid;

use super::{Directory, ENABLED, Found, Suffix, SuffixError, Transport, Zone, ZoneError, answer};

fn id(number: u128) -> Vec<u8> {
    Uuid::from_u128(number).as_bytes().to_vec()
}

fn workspace(number: u128, name: &str) -> Workspace {
    Workspace { id: id(number), name: name.into(), status: 3 }
}

fn agent(number: u128, of: u128, name: &str) -> Agent {
    Agent { id: id(number), name: name.into(), workspace_id: id(of) }
}

fn update(workspaces: Vec<Workspace>, agents: Vec<Agent>) -> WorkspaceUpdate {
    WorkspaceUpdate { upserted_workspaces: workspaces, upserted_agents: agents, ..Default::default() }
}

fn address(number: u128) -> Ipv6Addr {
    under(PREFIX, Uuid::from_u128(number))
}

fn zone(suffix: &str, owner: &str) -> Zone {
    Zone::new(Suffix::new(suffix, "example.com").unwrap(), owner)
}

/// `box` with one daemon, `lab` with two, `off` with none.
fn example() -> Zone {
    let mut zone = zone("coder", "Ann");
    let workspaces = vec![workspace(1, "Box"), workspace(2, "lab"), workspace(3, "off")];
    zone.apply(&update(workspaces, vec![agent(11, 1, "Dev"), agent(21, 2, "a"), agent(22, 2, "b")])).unwrap();
    zone
}

#[test]
fn which_names_exist() {
    let zone = example();
    let directory = Directory::new([&zone]);
    #[track_caller]
    fn check(directory: &Directory, name: &str, expect: Option<u128>) {
        let found = match directory.find(name) {
            Found::Address(address, _) => Some(address),
            _ => None,
        };
        assert_eq!(found, expect.map(address), "{name}");
    }
    check(&directory, "box.coder", Some(11));
    check(&directory, "dev.box.me.coder", Some(11));
    check(&directory, "dev.box.ann.coder", Some(11));
    check(&directory, "lab.coder", None);
    check(&directory, "a.lab.me.coder", Some(21));
    check(&directory, "b.lab.ann.coder", Some(22));
    check(&directory, "off.coder", None);
    check(&directory, "box.me.coder", None);
    check(&directory, "box.ann.coder", None);
    check(&directory, "x.dev.box.me.coder", None);
    check(&directory, "box.coder.example", None);
    assert_eq!(directory.find(&format!("{ENABLED}.coder")), Found::Address(DNS_SERVER, zone.suffix()));
    for above in ["coder", "me.coder", "ann.coder", "lab.me.coder", "box.me.coder"] {
        assert_eq!(directory.find(above), Found::Above(zone.suffix()), "{above}");
    }
    assert_eq!(directory.find("gone.coder"), Found::Nothing(zone.suffix()));
    assert_eq!(directory.find("xcoder"), Found::Outside);
    assert_eq!(directory.find("example.com"), Found::Outside);
    assert_eq!(directory.find(""), Found::Outside);
    assert_eq!(directory.len(), 7);
}

#[test]
fn names_follow_the_workspaces() {
    let mut zone = example();
    let find = |zone: &Zone, name: &str| matches!(Directory::new([zone]).find(name), Found::Address(..));
    // The second daemon goes: the short name appears.
    zone.apply(&WorkspaceUpdate { deleted_agents: vec![agent(22, 2, "b")], ..Default::default() }).unwrap();
    assert!(find(&zone, "lab.coder") && !find(&zone, "b.lab.me.coder"));
    // A restart: a new daemon of the same name.
    let restart = WorkspaceUpdate {
        upserted_agents: vec![agent(12, 1, "dev")],
        deleted_agents: vec![agent(11, 1, "dev")],
        ..Default::default()
    };
    zone.apply(&restart).unwrap();
    assert_eq!(zone.named()[0].address, address(12));
    // A workspace goes with its daemons, told or not.
    zone.apply(&WorkspaceUpdate { deleted_workspaces: vec![workspace(1, "box")], ..Default::default() }).unwrap();
    assert!(!find(&zone, "box.coder") && !find(&zone, "dev.box.me.coder"));
    // A new stream: old names stay until its snapshot, which replaces all.
    zone.begin();
    assert!(find(&zone, "lab.coder"));
    zone.apply(&update(vec![workspace(9, "new")], vec![])).unwrap();
    assert!(!find(&zone, "lab.coder") && zone.agents().next().is_none());
}

#[test]
fn a_server_that_disagrees_changes_nothing() {
    #[track_caller]
    fn check(bad: WorkspaceUpdate, expect: ZoneError) {
        let mut zone = example();
        let before = zone.named();
        assert_eq!(zone.apply(&bad), Err(expect));
        assert_eq!(zone.named(), before);
    }
    let nothing = WorkspaceUpdate::default;
    check(update(vec![], vec![agent(5, 99, "x")]), ZoneError::Unknown("the workspace of a workspace daemon"));
    check(
        WorkspaceUpdate { deleted_agents: vec![agent(99, 1, "x")], ..nothing() },
        ZoneError::Unknown("a workspace daemon"),
    );
    check(
        WorkspaceUpdate { deleted_workspaces: vec![workspace(99, "x")], ..nothing() },
        ZoneError::Unknown("a workspace"),
    );
    let short = Workspace { id: vec![1; 15], name: "x".into(), status: 3 };
    check(update(vec![short], vec![]), ZoneError::Id(proto::id::IdLength(15)));
    let many = (0..=10_000).map(|number| workspace(1000 + number, "x")).collect();
    check(update(many, vec![]), ZoneError::TooMany);
}

#[test]
fn no_name_becomes_several_labels() {
    let mut zone = zone("coder", "a.b");
    let workspaces =
        vec![workspace(1, "evil.bank"), workspace(2, &"x".repeat(64)), workspace(3, "ok"), workspace(4, "")];
    let agents = vec![agent(1, 1, "dev"), agent(2, 2, "dev"), agent(3, 3, "www.site"), agent(4, 4, "dev")];
    zone.apply(&update(workspaces, agents)).unwrap();
    let names: Vec<String> = zone.named().into_iter().flat_map(|named| named.hostnames).collect();
    assert_eq!(names, ["ok.coder"]);
}

#[test]
fn the_first_zone_wins_and_the_clash_is_told() {
    let (local, mut other) = (example(), zone("coder", "bob"));
    other.apply(&update(vec![workspace(7, "box")], vec![agent(71, 7, "main")])).unwrap();
    let directory = Directory::new([&local, &other]);
    assert_eq!(directory.find("box.coder"), Found::Address(address(11), local.suffix()));
    assert_eq!(directory.find("main.box.bob.coder"), Found::Address(address(71), local.suffix()));
    let clash = &directory.clashes()[0];
    assert_eq!((directory.clashes().len(), clash.name.as_str(), clash.winner, clash.loser), (1, "box.coder", 0, 1));
    assert_eq!(Directory::new([&other, &local]).find("box.coder"), Found::Address(address(71), local.suffix()));
    // Another suffix inside the first one.
    let mut inner = zone("lab.coder", "bob");
    inner.apply(&update(vec![workspace(8, "box")], vec![agent(81, 8, "main")])).unwrap();
    let directory = Directory::new([&local, &inner]);
    assert_eq!(directory.find("box.lab.coder"), Found::Address(address(81), inner.suffix()));
    assert_eq!(directory.find("nothing.lab.coder"), Found::Nothing(inner.suffix()));
}

#[test]
fn nothing_is_said_before_the_first_update() {
    assert_eq!(Directory::new([&zone("coder", "ann")]).find("box.coder"), Found::Outside);
}

#[test]
fn suffixes() {
    #[track_caller]
    fn check(announced: &str, host: &str, expect: Result<&str, fn(String) -> SuffixError>) {
        let found = Suffix::new(announced, host);
        match expect {
            Ok(text) => assert_eq!(found.map(|suffix| suffix.to_string()), Ok(text.to_owned())),
            Err(make) => assert_eq!(
                std::mem::discriminant(&found.unwrap_err()),
                std::mem::discriminant(&make(String::new())),
                "{announced}"
            ),
        }
    }
    let real = |text: String| SuffixError::RealDomain { suffix: text.clone(), host: text };
    check("", "dev.example.com", Ok("coder"));
    check(".Lab.Coder.", "dev.example.com", Ok("lab.coder"));
    check("coder", "coder.example.com", Ok("coder"));
    check("local", "a.b", Err(SuffixError::Reserved));
    check("x.local", "a.b", Err(SuffixError::Reserved));
    check("com", "a.b", Err(SuffixError::Reserved));
    check("8.b.d.0.1.0.0.2.ip6.arpa", "a.b", Err(SuffixError::Reserved));
    check("example.com", "coder.example.com", Err(real));
    check("example.com", "EXAMPLE.com.", Err(real));
    check("ample.com", "coder.example.com", Ok("ample.com"));
    for bad in ["a..b", "-a", "a-", "a b", "a/b", "a_b", "é", &"a".repeat(64), &["a"; 40].join(".")] {
        check(bad, "a.b", Err(SuffixError::Malformed));
    }
}

/// A query's bytes.
fn ask(name: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(Name::parse(name).unwrap().wire());
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&class.to_be_bytes());
    bytes
}

#[test]
fn what_is_answered() {
    let zone = example();
    let directory = Directory::new([&zone]);
    // Code, answers, authorities.
    #[track_caller]
    fn check(directory: &Directory, name: &str, kind: u16, expect: (u8, u8, u8)) {
        let bytes = answer(&ask(name, kind, 1), directory, Transport::Udp).unwrap();
        assert_eq!((bytes[3] & 15, bytes[7], bytes[9]), expect, "{name} {kind}");
        assert!(bytes.len() <= 4 * ask(name, kind, 1).len(), "amplification");
    }
    check(&directory, "BOX.coder", 28, (0, 1, 0));
    check(&directory, "box.coder", 255, (0, 1, 0));
    check(&directory, "box.coder", 1, (0, 0, 1));
    check(&directory, "box.coder", 65, (0, 0, 1));
    check(&directory, "box.coder", 6, (4, 0, 0));
    check(&directory, "me.coder", 28, (0, 0, 1));
    check(&directory, "coder", 28, (0, 0, 1));
    check(&directory, "off.coder", 28, (3, 0, 1));
    check(&directory, "off.coder", 1, (3, 0, 1));
    check(&directory, "example.com", 28, (5, 0, 0));
    check(&directory, "example.com", 1, (5, 0, 0));
    let reverse = |address: Ipv6Addr| {
        let digits: Vec<String> = format!("{:032x}", address.to_bits()).chars().rev().map(String::from).collect();
        format!("{}.ip6.arpa", digits.join("."))
    };
    check(&directory, &reverse(address(11)), 12, (0, 1, 0));
    check(&directory, &reverse(address(99)), 12, (5, 0, 0));
    check(&directory, "1.0.0.127.in-addr.arpa", 12, (5, 0, 0));
}

#[test]
fn hostile_queries_get_little_or_nothing() {
    let zone = example();
    let directory = Directory::new([&zone]);
    let say = |bytes: &[u8]| answer(bytes, &directory, Transport::Udp);
    assert_eq!(say(&[]), None);
    let mut an_answer = ask("box.coder", 28, 1);
    an_answer[2] |= 0x80;
    assert_eq!(say(&an_answer), None);
    let mut two = ask("box.coder", 28, 1);
    two[5] = 2;
    assert_eq!(say(&two).map(|bytes| (bytes.len(), bytes[3])), Some((12, 1)));
    let mut notify = ask("box.coder", 28, 1);
    notify[2] |= 4 << 3;
    assert_eq!(say(&notify).map(|bytes| (bytes.len(), bytes[3])), Some((12, 4)));
    assert_eq!(say(&ask("box.coder", 28, 3)).map(|bytes| bytes[3] & 15), Some(5));
}
