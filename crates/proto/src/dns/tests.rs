//! Queries and answers byte by byte, and hostile ones.

use std::net::Ipv6Addr;

use super::query::Flaw;
use super::{Answer, Code, HeardError, Kind, Name, NameError, Query, QueryError, Reply, ask, hear};

fn question(name: &str, kind: u16, class: u16) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(Name::parse(name).unwrap().wire());
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&class.to_be_bytes());
    bytes
}

fn with_opt(mut bytes: Vec<u8>, size: u16) -> Vec<u8> {
    bytes[11] += 1;
    bytes.extend_from_slice(&[0, 0, 41]);
    bytes.extend_from_slice(&size.to_be_bytes());
    bytes.extend_from_slice(&[0; 6]);
    bytes
}

#[test]
fn a_query_is_read() {
    let query = Query::decode(&with_opt(question("Box.CODER", 28, 1), 4096)).unwrap();
    assert_eq!((query.id, query.recursion_desired, query.kind), (0x1234, true, Kind::Aaaa));
    assert_eq!(query.name.key(), "box.coder");
    assert_eq!((query.edns, query.udp_limit()), (Some(4096), 1232));
    assert_eq!(query.name, Name::parse("box.coder.").unwrap());
    assert_eq!(Query::decode(&question("a", 1, 1)).unwrap().udp_limit(), 512);
    assert_eq!(Query::decode(&with_opt(question("a", 1, 1), 0)).unwrap().udp_limit(), 512);
}

#[test]
fn kinds() {
    let rows = [
        (1, Kind::A),
        (28, Kind::Aaaa),
        (12, Kind::Ptr),
        (255, Kind::Any),
        (6, Kind::Zone),
        (252, Kind::Zone),
        (65, Kind::Other(65)),
    ];
    for (number, kind) in rows {
        assert_eq!(Query::decode(&question("a.b", number, 1)).unwrap().kind, kind, "{number}");
    }
}

#[test]
fn hostile_queries_are_named() {
    #[track_caller]
    fn check(bytes: &[u8], expect: QueryError) {
        assert_eq!(Query::decode(bytes), Err(expect));
    }
    let plain = question("box.coder", 28, 1);
    let change = |at: usize, to: u8| {
        let mut bytes = plain.clone();
        bytes[at] = to;
        bytes
    };
    let flaw = |flaw| QueryError::Malformed(0x1234, flaw);
    check(&[], QueryError::Silent);
    check(&plain[..11], QueryError::Silent);
    check(&change(2, 0x81), QueryError::Silent);
    check(&[plain.clone(), vec![0; 4096]].concat(), QueryError::Silent);
    check(&change(2, 0x29), QueryError::Operation(0x1234, 5));
    check(&change(5, 0), flaw(Flaw::Questions(0)));
    check(&change(4, 0xff), flaw(Flaw::Questions(0xff01)));
    check(&change(7, 1), flaw(Flaw::Records));
    check(&change(11, 200), flaw(Flaw::Records));
    check(&change(11, 1), flaw(Flaw::Name(NameError::Truncated)));
    check(&change(12, 0xc0), flaw(Flaw::Name(NameError::Compressed)));
    check(&change(12, 63), flaw(Flaw::Name(NameError::Truncated)));
    check(&plain[..20], flaw(Flaw::Name(NameError::Truncated)));
    check(&plain[..plain.len() - 1], flaw(Flaw::Truncated));
    check(&with_opt(with_opt(plain.clone(), 512), 512), flaw(Flaw::Records));
    let long: Vec<u8> = [&plain[..12], &[1, b'a'].repeat(128), &[0, 0, 28, 0, 1]].concat();
    check(&long, flaw(Flaw::Name(NameError::Length)));
}

#[test]
fn no_cut_of_a_query_panics() {
    let whole = with_opt(question("dev.box.me.coder", 28, 1), 1232);
    for end in 0..whole.len() {
        assert!(Query::decode(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn names() {
    #[track_caller]
    fn check(text: &str, expect: Result<&str, NameError>) {
        assert_eq!(Name::parse(text).map(|name| name.key()), expect.map(ToOwned::to_owned));
    }
    check("Box.Coder.", Ok("box.coder"));
    check("", Ok(""));
    check(".", Ok(""));
    check("a..b", Err(NameError::Length));
    check(&"a".repeat(63), Ok(&"a".repeat(63)));
    check(&"a".repeat(64), Err(NameError::Length));
    check(&["a"; 127].join("."), Ok(&["a"; 127].join(".")));
    check(&["a"; 128].join("."), Err(NameError::Length));
    // A dot inside a label does not make two labels of it.
    assert_eq!(Name::decode(b"\x05box.c\x00").unwrap().0.key(), "box?c");
}

#[test]
fn an_answer_has_two_seconds_and_repeats_the_question() {
    let query = Query::decode(&question("bOx.coder", 28, 1)).unwrap();
    let zone = Name::parse("coder").unwrap();
    let address = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 1);
    let reply = Reply { code: Code::NoError, answers: vec![Answer::Address(address)], zone: Some(zone.clone()) };
    let bytes = reply.encode(&query, 512);
    assert_eq!(&bytes[..12], [0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    assert_eq!(&bytes[12..23], b"\x03bOx\x05coder\x00");
    assert_eq!(&bytes[23..27], [0, 28, 0, 1]);
    assert_eq!(&bytes[38..48], [0, 28, 0, 1, 0, 0, 0, 2, 0, 16]);
    assert_eq!(&bytes[48..], address.octets());

    let no = Reply::empty(Code::NxDomain, Some(zone)).encode(&query, 512);
    assert_eq!(&no[2..12], [0x85, 0x83, 0, 1, 0, 0, 0, 1, 0, 0]);
    assert_eq!(no.last_chunk::<4>().unwrap(), &[0, 0, 0, 2]);
}

#[test]
fn what_does_not_fit_is_truncated() {
    let query = Query::decode(&with_opt(question("box.coder", 28, 1), 512)).unwrap();
    let answers = vec![Answer::Address(Ipv6Addr::LOCALHOST); 40];
    let reply = Reply { code: Code::NoError, answers, zone: None };
    let bytes = reply.encode(&query, query.udp_limit());
    assert_eq!((bytes[2] & 2, bytes[7], bytes[11]), (2, 0, 1));
    assert!(reply.encode(&query, 65_535).len() > 1000);
}

#[test]
fn our_own_server_is_understood() {
    let name = Name::parse("Box.coder").unwrap();
    let query = Query::decode(&ask(77, &name)).unwrap();
    assert_eq!((query.id, &query.name, query.kind, query.recursion_desired), (77, &name, Kind::Aaaa, false));
    let address: Ipv6Addr = "fd60:627a:a42b::1".parse().unwrap();
    let zone = Name::parse("coder").unwrap();
    #[track_caller]
    fn check(reply: Reply, query: &Query, expect: (u8, &[Ipv6Addr])) {
        let heard = hear(&reply.encode(query, 512), 77, &query.name).unwrap();
        assert_eq!((heard.code, heard.addresses.as_slice()), expect);
    }
    let answers = vec![Answer::Pointer(zone.clone()), Answer::Address(address)];
    let known = Reply { code: Code::NoError, answers, zone: Some(zone.clone()) };
    check(known, &query, (0, &[address]));
    check(Reply::empty(Code::NxDomain, Some(zone)), &query, (3, &[]));
    assert_eq!(hear(&Reply::bare(77, Code::FormErr), 77, &name).unwrap().code, 1);
}

#[test]
fn foreign_and_broken_answers_are_told_apart() {
    let name = Name::parse("box.coder").unwrap();
    let query = Query::decode(&ask(77, &name)).unwrap();
    let address = Answer::Address("fd60:627a:a42b::1".parse().unwrap());
    let reply = Reply { code: Code::NoError, answers: vec![address], zone: None };
    let good = reply.encode(&query, 512);
    assert_eq!(hear(&good, 78, &name), Err(HeardError::Foreign));
    assert_eq!(hear(&good, 77, &Name::parse("other.coder").unwrap()), Err(HeardError::Foreign));
    assert_eq!(hear(&ask(77, &name), 77, &name), Err(HeardError::Foreign));
    assert_eq!(hear(&vec![0; 4097], 77, &name), Err(HeardError::Malformed));
    for cut in 0..good.len() {
        assert_eq!(hear(&good[..cut], 77, &name), Err(HeardError::Malformed), "{cut}");
    }
    // As other servers write it: the record's name points at the question's.
    let question = ask(77, &name).len();
    let owner = name.wire().len();
    let mut compressed = good[..question].to_vec();
    compressed.extend_from_slice(&[0xc0, 12]);
    compressed.extend_from_slice(&good[question + owner..]);
    assert_eq!(hear(&compressed, 77, &name).unwrap().addresses.len(), 1);
    compressed[question] = 0x80;
    assert_eq!(hear(&compressed, 77, &name), Err(HeardError::Malformed));
}
