//! How Rust values lie in columns: ids and words as text, times as microseconds, lists and maps as JSON.

use std::str::FromStr;

use proto::rest::Time;
use rusqlite::Row;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use super::{Result, StoreError};

/// The present, in whole microseconds as columns keep it.
#[must_use]
pub fn now() -> Time {
    Time::from_unix_micros(Time(OffsetDateTime::now_utc()).unix_micros())
}

/// An optional time as a column keeps it.
#[must_use]
pub fn micros(time: Option<Time>) -> Option<i64> {
    time.map(Time::unix_micros)
}

/// Reads columns by name.
pub trait Column {
    /// An id or another value with a text form.
    ///
    /// # Errors
    /// The column is missing or holds another form.
    fn id<T: FromStr>(&self, column: &'static str) -> Result<T>;
    /// The same, where `NULL` is allowed.
    ///
    /// # Errors
    /// As [`Self::id`].
    fn id_opt<T: FromStr>(&self, column: &'static str) -> Result<Option<T>>;
    /// A time.
    ///
    /// # Errors
    /// As [`Self::id`].
    fn time(&self, column: &'static str) -> Result<Time>;
    /// A time, where `NULL` is allowed.
    ///
    /// # Errors
    /// As [`Self::id`].
    fn time_opt(&self, column: &'static str) -> Result<Option<Time>>;
    /// Text.
    ///
    /// # Errors
    /// As [`Self::id`].
    fn text(&self, column: &'static str) -> Result<String>;
    /// A JSON list or map.
    ///
    /// # Errors
    /// As [`Self::id`].
    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T>;
}

impl Column for Row<'_> {
    fn id<T: FromStr>(&self, column: &'static str) -> Result<T> {
        self.id_opt(column)?.ok_or(StoreError::Value(column))
    }

    fn id_opt<T: FromStr>(&self, column: &'static str) -> Result<Option<T>> {
        let text = self.get_ref(column)?.as_str_or_null().map_err(|_| StoreError::Value(column))?;
        text.map(|text| text.parse().map_err(|_| StoreError::Value(column))).transpose()
    }

    fn time(&self, column: &'static str) -> Result<Time> {
        Ok(Time::from_unix_micros(self.get(column)?))
    }

    fn time_opt(&self, column: &'static str) -> Result<Option<Time>> {
        Ok(self.get::<_, Option<i64>>(column)?.map(Time::from_unix_micros))
    }

    fn text(&self, column: &'static str) -> Result<String> {
        Ok(self.get(column)?)
    }

    fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|_| StoreError::Value(column))
    }
}
