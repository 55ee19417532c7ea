//! What is answered to a DNS query (spec `coder-connect.md` 3.4). Never forwards: what is not ours is refused.

use std::net::Ipv6Addr;

use proto::dns::{Answer, Code, Kind, Name, Query, QueryError, Reply};

use super::directory::{Directory, Found};
use super::suffix::Suffix;

/// How the query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// As a datagram: a long answer is cut and marked.
    Udp,
    /// In a stream.
    Tcp,
}

/// Longest answer in a stream.
const TCP_LIMIT: usize = 4095;
/// The end of names of IPv6 addresses, and how many labels stand before it.
const REVERSE: &[u8] = b"ip6.arpa";
const NIBBLES: usize = 32;

/// The answer to the bytes of a query; `None` when nothing must be said.
#[must_use]
pub fn answer(bytes: &[u8], directory: &Directory, transport: Transport) -> Option<Vec<u8>> {
    let query = match Query::decode(bytes) {
        Ok(query) => query,
        Err(QueryError::Silent) => return None,
        Err(QueryError::Malformed(id, _)) => return Some(Reply::bare(id, Code::FormErr)),
        Err(QueryError::Operation(id, _)) => return Some(Reply::bare(id, Code::NotImp)),
    };
    let limit = match transport {
        Transport::Udp => query.udp_limit(),
        Transport::Tcp => TCP_LIMIT,
    };
    Some(reply(&query, directory).encode(&query, limit))
}

fn reply(query: &Query, directory: &Directory) -> Reply {
    if !query.is_internet() {
        return Reply::empty(Code::Refused, None);
    }
    if let Some(address) = reversed(&query.name) {
        return pointer(query, directory, address);
    }
    match directory.find(&query.name.key()) {
        Found::Outside => Reply::empty(Code::Refused, None),
        Found::Nothing(suffix) => Reply::empty(Code::NxDomain, zone(suffix)),
        Found::Above(suffix) => Reply::empty(Code::NoError, zone(suffix)),
        Found::Address(address, suffix) => match query.kind {
            Kind::Aaaa | Kind::Any => {
                Reply { code: Code::NoError, answers: vec![Answer::Address(address)], zone: zone(suffix) }
            }
            Kind::Zone => Reply::empty(Code::NotImp, None),
            Kind::A | Kind::Ptr | Kind::Other(_) => Reply::empty(Code::NoError, zone(suffix)),
        },
    }
}

fn pointer(query: &Query, directory: &Directory, address: Ipv6Addr) -> Reply {
    let name = directory.name_of(address).and_then(|name| Name::parse(name).ok());
    match (query.kind, name) {
        (Kind::Ptr | Kind::Any, Some(name)) => {
            let zone = Name::parse("ip6.arpa").ok();
            Reply { code: Code::NoError, answers: vec![Answer::Pointer(name)], zone }
        }
        _ => Reply::empty(Code::Refused, None),
    }
}

fn zone(suffix: &Suffix) -> Option<Name> {
    Name::parse(suffix.as_str()).ok()
}

/// The address in a name below `ip6.arpa`.
fn reversed(name: &Name) -> Option<Ipv6Addr> {
    let labels: Vec<&[u8]> = name.labels().collect();
    let (nibbles, end) = labels.split_at_checked(NIBBLES)?;
    if !end.join(&b'.').eq_ignore_ascii_case(REVERSE) {
        return None;
    }
    let mut bits = 0u128;
    for label in nibbles.iter().rev() {
        let digit = char::from(*label.first()?).to_digit(16).filter(|_| label.len() == 1)?;
        bits = bits << 4 | u128::from(digit);
    }
    Some(Ipv6Addr::from_bits(bits))
}
