//! Which relay region is home (spec `derp-disco-stun.md` 6): the fastest of the last five minutes, with hysteresis, so
//! that noise does not move us. Not here: measuring.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use proto::derp_map::DerpMap;

use super::netcheck::RelayLatency;

#[cfg(test)]
mod tests;

/// How long a measurement counts.
const MEMORY: Duration = Duration::from_secs(300);
/// Most reports remembered: one per 5 s for five minutes.
const MAX_REPORTS: usize = 60;
/// The old home is kept when the best one is less than this faster.
const MARGIN: Duration = Duration::from_millis(10);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Home {
    region: i32,
    reports: VecDeque<(Instant, Vec<RelayLatency>)>,
    scores: BTreeMap<i32, f64>,
    avoid: Vec<i32>,
}

/// The smaller latency of both families.
pub(super) fn fastest(latency: &RelayLatency) -> Option<Duration> {
    [latency.v4, latency.v6].into_iter().flatten().min()
}

impl Home {
    pub(super) fn region(&self) -> i32 {
        self.region
    }

    /// The last measurement of each region.
    pub(super) fn latencies(&self) -> &[RelayLatency] {
        self.reports.back().map_or(&[], |(_, report)| report)
    }

    pub(super) fn set_map(&mut self, map: &DerpMap) {
        self.scores = map.home_params.as_ref().map(|params| params.region_score.clone()).unwrap_or_default();
        self.avoid = map.regions.iter().filter(|(_, region)| region.avoid).map(|(id, _)| *id).collect();
        if !map.regions.contains_key(&self.region) {
            self.region = 0;
        }
    }

    /// Chooses from a new report. `known` are the regions that have relays; `draw` is any random number, for the case
    /// that nothing could be measured. Returns the home, 0 for none.
    pub(super) fn choose(
        &mut self,
        report: Vec<RelayLatency>,
        known: &std::collections::BTreeSet<i32>,
        draw: u64,
        now: Instant,
    ) -> i32 {
        let report: Vec<_> =
            report.into_iter().filter(|found| known.contains(&found.region) && fastest(found).is_some()).collect();
        self.reports.retain(|(at, _)| now < *at + MEMORY);
        if self.reports.len() >= MAX_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((now, report.clone()));
        let measured = |region: i32| {
            let all = self.reports.iter().flat_map(|(_, report)| report);
            let best = all.filter(|found| found.region == region).filter_map(fastest).min()?;
            let score = self.scores.get(&region).copied().filter(|score| score.is_finite() && *score > 0.0);
            Some(best.mul_f64(score.unwrap_or(1.0).clamp(0.001, 1000.0)))
        };
        let candidates = report.iter().filter(|found| !self.avoid.contains(&found.region));
        let best = candidates.filter_map(|found| Some((measured(found.region)?, found.region))).min();
        let Some((best_latency, best_region)) = best else {
            if !known.contains(&self.region) {
                let index = usize::try_from(draw).unwrap_or(0) % known.len().max(1);
                self.region = known.iter().nth(index).copied().unwrap_or(0);
            }
            return self.region;
        };
        let is_reachable = report.iter().any(|found| found.region == self.region);
        if let Some(old) = measured(self.region).filter(|_| is_reachable)
            && (old.saturating_sub(best_latency) < MARGIN || best_latency > old * 2 / 3)
        {
            return self.region;
        }
        self.region = best_region;
        best_region
    }
}
