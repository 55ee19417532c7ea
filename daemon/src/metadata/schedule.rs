//! The pure part of metadata: which script is due, and which values the server has not seen. No clock.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::agent::{Metadata, MetadataDescription, MetadataResult};

/// How long a script may run that has neither a timeout nor an interval (spec `agent-rpc.md` 6.5).
const DEFAULT_LIMIT: Duration = Duration::from_secs(3);
/// Most values of one workspace daemon: servers keep at most 6144 bytes of keys, so more can never be shown.
pub const MAX_VALUES: usize = 1024;

/// A script to run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Names the value.
    pub key: String,
    /// Prints it.
    pub script: String,
    /// Longest run.
    pub limit: Duration,
}

#[derive(Debug)]
struct Item {
    description: MetadataDescription,
    /// When it is due; `None` while it runs and when it never will be again.
    due: Option<Duration>,
    started: Duration,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Schedule {
    items: BTreeMap<String, Item>,
    fresh: BTreeMap<String, MetadataResult>,
}

impl Schedule {
    /// Replaces the descriptions. What did not change keeps its place; what ran when the last connection broke runs again.
    pub fn set(&mut self, descriptions: &[MetadataDescription]) {
        let mut former = std::mem::take(&mut self.items);
        for (key, description) in super::unique(descriptions).into_iter().take(MAX_VALUES) {
            let item = match former.remove(key) {
                Some(item) if item.description == *description && !item.is_running() => item,
                _ => Item { description: description.clone(), due: Some(Duration::ZERO), started: Duration::ZERO },
            };
            self.items.insert(key.to_owned(), item);
        }
        self.fresh.retain(|key, _| self.items.contains_key(key));
    }

    /// Takes the scripts that are due.
    pub fn due(&mut self, now: Duration) -> Vec<Run> {
        let mut runs = Vec::new();
        for (key, item) in &mut self.items {
            if item.due.is_some_and(|due| due <= now) {
                item.due = None;
                item.started = now;
                runs.push(Run { key: key.clone(), script: item.description.script.clone(), limit: item.limit() });
            }
        }
        runs
    }

    /// When the next script is due, if one ever is without a running one ending first.
    pub fn next_due(&self) -> Option<Duration> {
        self.items.values().filter_map(|item| item.due).min()
    }

    /// A script ended.
    pub fn finished(&mut self, key: &str, result: MetadataResult, now: Duration) {
        let Some(item) = self.items.get_mut(key) else { return };
        let every = item.description.every();
        // Once is once; and a script that takes longer than its interval starts again when it ended, not twice at once.
        item.due = (!every.is_zero()).then(|| item.started.saturating_add(every).max(now));
        self.fresh.insert(key.to_owned(), result);
    }

    /// Takes the values that the server has not seen.
    pub fn take_fresh(&mut self) -> Vec<Metadata> {
        let fresh = std::mem::take(&mut self.fresh);
        fresh.into_iter().map(|(key, result)| Metadata { key, result: Some(result) }).collect()
    }

    /// The server did not take these; a newer value of the same key wins.
    pub fn give_back(&mut self, values: Vec<Metadata>) {
        for value in values {
            if let Some(result) = value.result {
                self.fresh.entry(value.key).or_insert(result);
            }
        }
    }
}

impl Item {
    fn is_running(&self) -> bool {
        self.due.is_none() && !self.description.every().is_zero()
    }

    fn limit(&self) -> Duration {
        [self.description.limit(), self.description.every()]
            .into_iter()
            .find(|limit| !limit.is_zero())
            .unwrap_or(DEFAULT_LIMIT)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
