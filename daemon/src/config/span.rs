//! Spans of time as the field writes them in flags: `72h`, `1h30m`, `1.5s`, `100ms`. Not for printing them.

use std::time::Duration;

/// The text is not a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is written like 72h, 1h30m or 90s")]
pub struct SpanError;

/// Reads a span; `0` needs no unit.
pub fn parse(text: &str) -> Result<Duration, SpanError> {
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(SpanError);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(SpanError)?;
        let number: f64 = rest[..end].parse().map_err(|_| SpanError)?;
        let unit_end = rest[end..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |at| end + at);
        let seconds = match &rest[end..unit_end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(SpanError),
        };
        let span = Duration::try_from_secs_f64(number * seconds).map_err(|_| SpanError)?;
        total = total.checked_add(span).ok_or(SpanError)?;
        rest = &rest[unit_end..];
    }
    Ok(total)
}
