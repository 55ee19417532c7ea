//! Writing an answer.

use std::net::Ipv6Addr;

use super::query::Query;
use super::{CLASS_IN, HEAD, Name};

/// Seconds an answer may be kept. Programs take a name's existence for "is it running", so it must be short
/// (spec `coder-connect.md` 3.4).
const TTL: u32 = 2;
const TYPE_PTR: u16 = 12;
const TYPE_SOA: u16 = 6;
const TYPE_AAAA: u16 = 28;
const TYPE_OPT: u16 = 41;
/// The UDP size that we take in an OPT record: what never needs a fragment.
const OUR_UDP: u16 = 1232;

/// Response codes (RFC 1035 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// All is well, also when the name has no such record.
    NoError = 0,
    /// The query cannot be read.
    FormErr = 1,
    /// Not ours to answer.
    ServFail = 2,
    /// No such name.
    NxDomain = 3,
    /// Not offered.
    NotImp = 4,
    /// Not offered to this asker.
    Refused = 5,
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// AAAA.
    Address(Ipv6Addr),
    /// PTR.
    Pointer(Name),
}

/// An answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code.
    pub code: Code,
    /// The records.
    pub answers: Vec<Answer>,
    /// The zone that answers, whose SOA goes with negative answers so that resolvers keep them for two seconds only
    /// (RFC 2308).
    pub zone: Option<Name>,
}

impl Reply {
    /// An answer without records.
    #[must_use]
    pub fn empty(code: Code, zone: Option<Name>) -> Self {
        Self { code, answers: Vec::new(), zone }
    }

    /// The bytes of the answer to `query`, at most `limit`; a longer one loses its records and is marked as truncated.
    #[must_use]
    pub fn encode(&self, query: &Query, limit: usize) -> Vec<u8> {
        let whole = self.write(query, false);
        if whole.len() <= limit { whole } else { self.write(query, true) }
    }

    fn write(&self, query: &Query, truncated: bool) -> Vec<u8> {
        let authority = self.zone.as_ref().filter(|_| self.answers.is_empty() && !truncated);
        let answers = if truncated { &[][..] } else { &self.answers };
        let mut bytes = head(query.id, query.recursion_desired, self.code, self.zone.is_some(), truncated);
        let counts = [1, answers.len(), usize::from(authority.is_some()), usize::from(query.edns.is_some())];
        for (at, count) in counts.into_iter().enumerate() {
            let count = u16::try_from(count).unwrap_or(0).to_be_bytes();
            bytes[4 + 2 * at..6 + 2 * at].copy_from_slice(&count);
        }
        bytes.extend_from_slice(query.name.wire());
        bytes.extend_from_slice(&query.number.to_be_bytes());
        bytes.extend_from_slice(&query.class.to_be_bytes());
        for answer in answers {
            match answer {
                Answer::Address(address) => record(&mut bytes, &query.name, TYPE_AAAA, &address.octets()),
                Answer::Pointer(name) => record(&mut bytes, &query.name, TYPE_PTR, name.wire()),
            }
        }
        if let Some(zone) = authority {
            record(&mut bytes, zone, TYPE_SOA, &authority_data(zone));
        }
        if query.edns.is_some() {
            // Root name, our size, no extended code, version 0, no flags, no options.
            bytes.push(0);
            bytes.extend_from_slice(&TYPE_OPT.to_be_bytes());
            bytes.extend_from_slice(&OUR_UDP.to_be_bytes());
            bytes.extend_from_slice(&[0; 6]);
        }
        bytes
    }

    /// The answer to a message whose question cannot be repeated.
    #[must_use]
    pub fn bare(id: u16, code: Code) -> Vec<u8> {
        head(id, false, code, false, false)
    }
}

fn head(id: u16, recursion_desired: bool, code: Code, authoritative: bool, truncated: bool) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    bytes[..2].copy_from_slice(&id.to_be_bytes());
    // QR, AA, TC, RD; then RA, which the field sets whenever recursion was wanted.
    bytes[2] = 0x80 | u8::from(authoritative) << 2 | u8::from(truncated) << 1 | u8::from(recursion_desired);
    bytes[3] = u8::from(recursion_desired) << 7 | code as u8;
    bytes
}

fn record(bytes: &mut Vec<u8>, name: &Name, number: u16, data: &[u8]) {
    bytes.extend_from_slice(name.wire());
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
    bytes.extend_from_slice(&TTL.to_be_bytes());
    bytes.extend_from_slice(&u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
    bytes.extend_from_slice(data);
}

/// The data of a SOA record: the zone is its own server and person; its minimum bounds how long "no" is remembered.
fn authority_data(zone: &Name) -> Vec<u8> {
    let mut data = [zone.wire(), zone.wire()].concat();
    for number in [1, TTL, TTL, TTL, TTL] {
        data.extend_from_slice(&number.to_be_bytes());
    }
    data
}
