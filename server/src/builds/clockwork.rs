//! Orders what schedules and deadlines ask for ([`super::schedule`] decides).

use std::time::Duration;

use proto::rest::Time;
use proto::rest::build::Transition;
use proto::rest::workspace::AutomaticUpdates;

use super::{Order, announce_queued, order, schedule};
use crate::state::AppState;
use crate::store::schedules::{self, Scheduled};
use crate::store::{Db, Result, StoreError, now};

/// The clock is looked at least so often: it may be set, and this computer may sleep.
const LOOK_ANYWAY: Duration = Duration::from_secs(20);

/// Starts and stops what is due until the server stops. `Builds::clock` wakes it when something changed.
pub fn start(state: &AppState) {
    let state = state.clone();
    tokio::spawn(async move {
        loop {
            let pause = match turn(&state).await {
                Ok(next) => next.map_or(LOOK_ANYWAY, |next| until(next).min(LOOK_ANYWAY)),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "schedules cannot be acted on");
                    LOOK_ANYWAY
                }
            };
            tokio::select! {
                () = state.stop.cancelled() => return,
                () = state.builds.clock.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

fn until(next: Time) -> Duration {
    Duration::try_from(next.0 - now().0).unwrap_or_default()
}

/// Orders what is due; when the next thing is.
async fn turn(state: &AppState) -> Result<Option<Time>> {
    // Most turns find nothing, and readers do not wait for the writer.
    let next =
        |all: &[Scheduled]| all.iter().filter_map(|one| schedule::next_change(&one.standing)).map(|it| it.0).min();
    let first = next(&state.store.read(schedules::all).await?);
    if first.is_none_or(|first| first > now()) {
        return Ok(first);
    }
    let (ordered, next) = state
        .store
        .write(move |db| {
            let ordered = order_due(db, now())?;
            Ok((ordered, next(&schedules::all(db)?)))
        })
        .await?;
    for (build, one) in ordered {
        tracing::info!(workspace = %one.workspace, %build, "ordered by the clock");
        announce_queued(state, build, one.workspace, one.owner);
    }
    Ok(next)
}

/// Looks and orders in one write: what became of the workspace in between is seen.
fn order_due(db: &Db, now: Time) -> Result<Vec<(proto::id::BuildId, Scheduled)>> {
    let mut ordered = Vec::new();
    for one in schedules::all(db)? {
        let Some((at, transition, reason)) = schedule::next_change(&one.standing) else { continue };
        if at > now {
            continue;
        }
        let is_updated = transition == Transition::Start && one.automatic_updates == AutomaticUpdates::Always;
        let build = Order {
            workspace: one.workspace,
            version: if is_updated { one.active_version } else { one.version },
            transition,
            reason,
            initiator: Some(one.owner),
            parameters: Vec::new(),
        };
        match order(db, build) {
            Ok(build) => ordered.push((build, one)),
            // One workspace that cannot be built must not hold up the others.
            Err(refused @ (StoreError::Conflict(_) | StoreError::Taken(_))) => {
                tracing::warn!(workspace = %one.workspace, %refused, "the clock's order was refused");
            }
            Err(other) => return Err(other),
        }
    }
    Ok(ordered)
}
