//! Reading a query.

use super::name::{Name, NameError};
use super::{CLASS_IN, HEAD, MAX_QUERY, PLAIN_UDP};

/// The type of the OPT pseudo-record (RFC 6891).
const TYPE_OPT: u16 = 41;
/// Records after the question that are looked through for OPT; a query needs one or two (OPT, TSIG).
const MAX_ADDITIONAL: u16 = 8;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// The name of an address.
    Ptr,
    /// Anything there is.
    Any,
    /// Name servers, start of authority, zone transfer, host information: what the field answers with NOTIMP.
    Zone,
    /// Any other type.
    Other(u16),
}

impl Kind {
    fn of(number: u16) -> Self {
        match number {
            1 => Self::A,
            28 => Self::Aaaa,
            12 => Self::Ptr,
            255 => Self::Any,
            2 | 6 | 13 | 251 | 252 => Self::Zone,
            other => Self::Other(other),
        }
    }
}

/// Why a message is no query that can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No id to answer to, an answer instead of a query, or longer than any query. To be dropped silently: answering
    /// answers makes loops.
    #[error("not a DNS query")]
    Silent,
    /// A query whose content cannot be read: FORMERR to this id.
    #[error("a malformed DNS query: {1}")]
    Malformed(u16, Flaw),
    /// Another operation than a standard query: NOTIMP to this id.
    #[error("DNS operation {1} is not offered")]
    Operation(u16, u8),
}

/// What is wrong in [`QueryError::Malformed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not exactly one question.
    #[error("{0} questions")]
    Questions(u16),
    /// The name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The message ends early.
    #[error("cut off")]
    Truncated,
    /// Answers or authorities in a query, or too many additional records.
    #[error("records that a query does not have")]
    Records,
}

/// One query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Repeated in the answer.
    pub id: u16,
    /// Repeated in the answer.
    pub recursion_desired: bool,
    /// The name.
    pub name: Name,
    /// The type.
    pub kind: Kind,
    /// The type's number, repeated in the answer.
    pub number: u16,
    /// The class's number, repeated in the answer.
    pub class: u16,
    /// Longest answer over UDP when the asker speaks EDNS.
    pub edns: Option<u16>,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`], which says how to react.
    pub fn decode(bytes: &[u8]) -> Result<Self, QueryError> {
        let head: &[u8; HEAD] = bytes.first_chunk().ok_or(QueryError::Silent)?;
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let id = word(0);
        if head[2] & 0x80 != 0 || bytes.len() > MAX_QUERY {
            return Err(QueryError::Silent);
        }
        let operation = head[2] >> 3 & 0x0f;
        if operation != 0 {
            return Err(QueryError::Operation(id, operation));
        }
        let malformed = |flaw| QueryError::Malformed(id, flaw);
        let (questions, others, additional) = (word(4), word(6) | word(8), word(10));
        if questions != 1 {
            return Err(malformed(Flaw::Questions(questions)));
        }
        if others != 0 || additional > MAX_ADDITIONAL {
            return Err(malformed(Flaw::Records));
        }
        let body = bytes.get(HEAD..).unwrap_or_default();
        let (name, length) = Name::decode(body).map_err(|error| malformed(error.into()))?;
        let after = body.get(length..).unwrap_or_default();
        let (question, rest) = after.split_first_chunk::<4>().ok_or_else(|| malformed(Flaw::Truncated))?;
        let number = u16::from_be_bytes([question[0], question[1]]);
        Ok(Self {
            id,
            recursion_desired: head[2] & 1 != 0,
            name,
            kind: Kind::of(number),
            number,
            class: u16::from_be_bytes([question[2], question[3]]),
            edns: edns(rest, additional).map_err(malformed)?,
        })
    }

    /// Whether the class is the Internet's, or any.
    #[must_use]
    pub fn is_internet(&self) -> bool {
        self.class == CLASS_IN || self.class == 255
    }

    /// Longest answer over UDP: what the asker takes, within what fits one unfragmented mesh packet.
    #[must_use]
    pub fn udp_limit(&self) -> usize {
        self.edns.map_or(PLAIN_UDP, |size| usize::from(size).clamp(PLAIN_UDP, 1232))
    }
}

/// The UDP size of an OPT record among the additional ones.
fn edns(mut rest: &[u8], count: u16) -> Result<Option<u16>, Flaw> {
    let mut found = None;
    for _ in 0..count {
        let (_, length) = Name::decode(rest)?;
        let after = rest.get(length..).unwrap_or_default();
        let (head, data) = after.split_first_chunk::<10>().ok_or(Flaw::Truncated)?;
        let size = usize::from(u16::from_be_bytes([head[8], head[9]]));
        rest = data.get(size..).ok_or(Flaw::Truncated)?;
        if u16::from_be_bytes([head[0], head[1]]) == TYPE_OPT {
            // A second OPT is an error (RFC 6891 6.1.1).
            if found.replace(u16::from_be_bytes([head[2], head[3]])).is_some() {
                return Err(Flaw::Records);
            }
        }
    }
    Ok(found)
}
