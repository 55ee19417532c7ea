//! Lists for people (columns of text) and for programs (JSON).

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use time::OffsetDateTime;

use crate::failure::failure;
use crate::terminal::{harmless, print};

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// Columns of text.
    #[default]
    #[value(alias = "text")]
    Table,
    /// JSON, for programs.
    Json,
}

/// A column: its name and how a row shows it.
pub struct Column<T> {
    /// Name, in lower case; shown in capitals.
    pub name: &'static str,
    /// Its text for a row.
    pub cell: fn(&T) -> String,
}

/// The table of some columns. `wanted` are names separated by commas in any case; empty means `default`.
pub fn render<T>(rows: &[T], columns: &[Column<T>], wanted: &[String], default: &[&str]) -> anyhow::Result<String> {
    let wanted: Vec<&str> = if wanted.is_empty() {
        default.to_vec()
    } else {
        wanted.iter().flat_map(|names| names.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
    };
    let mut chosen = Vec::new();
    for name in wanted {
        let Some(column) = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)) else {
            let all: Vec<_> = columns.iter().map(|column| column.name).collect();
            return Err(failure(format!("there is no column `{name}`"), format!("choose from {}", all.join(", "))));
        };
        chosen.push(column);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(chosen.iter().map(|column| column.name.to_uppercase()));
    for row in rows {
        table.add_row(chosen.iter().map(|column| harmless(&(column.cell)(row))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    Ok(table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n"))
}

/// Prints a value as indented JSON.
pub fn print_json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A span of time in at most two units: `3d4h`, `5m2s`, `0s`.
pub fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, ..) => format!("{hours}h{minutes}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// A moment as seen from now: `5m2s ago`, `in 3d4h`, or `never` where the wire has no time.
pub fn moment(then: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (now - then).whole_seconds();
    match (then.year(), seconds) {
        (..=1, _) => "never".into(),
        (_, 0..) => format!("{} ago", span(seconds)),
        _ => format!("in {}", span(seconds.saturating_neg())),
    }
}

#[cfg(test)]
mod tests;
