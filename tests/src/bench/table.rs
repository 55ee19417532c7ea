//! The table of results: rounds of ours and the peer's, interleaved by the caller, and whether the target is met.

use std::fmt::Write as _;

/// What a row promises.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Median of ours over median of the peer's is at least this.
    RatioAtLeast(f64),
    /// Median of ours over median of the peer's is at most this.
    RatioAtMost(f64),
    /// Median of ours is at most this.
    AtMost(f64),
    /// Median of ours is at least this.
    AtLeast(f64),
}

/// One measured thing.
#[derive(Debug)]
pub struct Row {
    /// What and in which unit.
    pub what: &'static str,
    /// Our rounds.
    pub ours: Vec<f64>,
    /// The peer's rounds, empty when the target is absolute.
    pub peer: Vec<f64>,
    /// What was promised.
    pub target: Target,
}

fn spread(rounds: &[f64]) -> Option<(f64, f64, f64)> {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some((*sorted.first()?, *sorted.get(sorted.len() / 2)?, *sorted.last()?))
}

fn show(rounds: &[f64]) -> String {
    spread(rounds).map_or_else(|| "-".into(), |(min, median, max)| format!("{min:.2} / **{median:.2}** / {max:.2}"))
}

impl Row {
    /// Ours over the peer's, by medians.
    pub fn ratio(&self) -> Option<f64> {
        let ((_, ours, _), (_, peer, _)) = (spread(&self.ours)?, spread(&self.peer)?);
        (peer > 0.0).then(|| ours / peer)
    }

    /// `None` when a side was not measured.
    pub fn met(&self) -> Option<bool> {
        match self.target {
            Target::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Target::RatioAtMost(most) => self.ratio().map(|ratio| ratio <= most),
            Target::AtMost(most) => spread(&self.ours).map(|(_, median, _)| median <= most),
            Target::AtLeast(least) => spread(&self.ours).map(|(_, median, _)| median >= least),
        }
    }

    fn line(&self) -> String {
        let target = match self.target {
            Target::RatioAtLeast(least) => format!("ratio ≥ {least}"),
            Target::RatioAtMost(most) => format!("ratio ≤ {most}"),
            Target::AtMost(most) => format!("≤ {most}"),
            Target::AtLeast(least) => format!("≥ {least}"),
        };
        let ratio = self.ratio().map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"));
        let verdict = self.met().map_or("not measured", |met| if met { "met" } else { "MISSED" });
        format!("| {} | {} | {} | {ratio} | {target} | {verdict} |", self.what, show(&self.ours), show(&self.peer))
    }
}

/// The whole table in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | ours min / median / max | peer min / median / max | ratio | target | |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _ = writeln!(text, "{}", row.line());
    }
    text
}
