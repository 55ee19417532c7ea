//! Points in time as REST bodies write them: RFC 3339, and the year 1 for "never".
//!
//! The interface has two kinds of absent time. A field that is `Option<Time>` here is `null` when absent; a field that is
//! a plain [`Time`] is `0001-01-01T00:00:00Z` ([`Time::ZERO`]) when absent. Both forms read back from either.

use ::time::format_description::well_known::Rfc3339;
use ::time::{OffsetDateTime, UtcOffset};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(type = "string"))]
pub struct Time(pub OffsetDateTime);

impl Time {
    /// "Never": 0001-01-01T00:00:00Z.
    pub const ZERO: Self = Self(::time::macros::datetime!(0001-01-01 00:00:00 UTC));

    /// Whether this is "never".
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Microseconds since the Unix epoch, the form the store keeps.
    #[must_use]
    pub fn unix_micros(self) -> i64 {
        i64::try_from(self.0.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
    }

    /// `None` at the ends of the calendar, where the offset leads out of it.
    fn in_utc(self) -> Option<OffsetDateTime> {
        self.0.checked_to_offset(UtcOffset::UTC)
    }

    /// From microseconds since the Unix epoch; what lies outside the calendar becomes [`Self::ZERO`].
    #[must_use]
    pub fn from_unix_micros(micros: i64) -> Self {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).map_or(Self::ZERO, Self)
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<OffsetDateTime> for Time {
    fn from(time: OffsetDateTime) -> Self {
        Self(time)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.in_utc().and_then(|time| time.format(&Rfc3339).ok()).ok_or(std::fmt::Error)?;
        f.pad(&text)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let time = self.in_utc().ok_or_else(|| ser::Error::custom("the time lies outside the calendar"))?;
        let text = time.format(&Rfc3339).map_err(ser::Error::custom)?;
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Some(text) = <Option<std::borrow::Cow<'de, str>>>::deserialize(from)? else { return Ok(Self::ZERO) };
        if text.is_empty() {
            return Ok(Self::ZERO);
        }
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(de::Error::custom)?;
        // Near the ends of the calendar the offset leads out of it, and nobody could write the time any more.
        let time = time.checked_to_offset(UtcOffset::UTC).filter(|time| (0..=9999).contains(&time.year()));
        time.map(Self).ok_or_else(|| de::Error::custom("the time lies outside the calendar"))
    }
}
