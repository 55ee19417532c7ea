//! Values that the template wants to see on the dashboard: runs their scripts when due and reports what changed.
//! Not for deciding when (see `schedule`).

pub mod schedule;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use proto::agent::{
    BatchUpdateMetadataRequest, BatchUpdateMetadataResponse, MetadataDescription, MetadataResult, method,
};
use proto::wkt::Timestamp;
use rpc::RpcError;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::child::{self, End};
use crate::command::{self, Request};
use crate::control::call::{self, Pause};
use crate::logs::lines::clean;
use crate::os::user::Account;
use crate::session::SessionContext;
use schedule::{Run, Schedule};

/// Most bytes of a value that leave this machine (spec `agent-rpc.md` 6.5).
const MAX_VALUE: usize = 10 * 1024;
/// Scripts that run at the same time; a template with hundreds of values must not start hundreds of processes at once.
const MAX_RUNNING: usize = 8;
/// A value waits this long for others that come together with it.
const GATHER: Duration = Duration::from_millis(250);

/// The schedule as tasks share it. It outlives connections, so that a reconnect does not run everything again.
#[derive(Debug)]
pub struct Metadata {
    schedule: Mutex<Schedule>,
    origin: Instant,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { schedule: Mutex::default(), origin: Instant::now() }
    }
}

impl Metadata {
    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects and reports until the connection ends or the server does not want metadata.
    ///
    /// # Errors
    /// Only [`RpcError::Closed`].
    pub async fn collect(
        &self,
        descriptions: &[MetadataDescription],
        context: &Arc<SessionContext>,
        client: &rpc::Client,
    ) -> Result<(), RpcError> {
        self.lock().set(descriptions);
        let slots = Arc::new(Semaphore::new(MAX_RUNNING));
        let mut running: JoinSet<(String, MetadataResult)> = JoinSet::new();
        let mut pause = Pause::default();
        let mut report_at: Option<Instant> = None;
        loop {
            let now = self.origin.elapsed();
            for run in self.lock().due(now) {
                let (context, slots) = (Arc::clone(context), Arc::clone(&slots));
                running.spawn(async move {
                    let _slot = slots.acquire_owned().await;
                    (run.key.clone(), collect_one(&run, &context).await)
                });
            }
            let next_due = self.lock().next_due();
            tokio::select! {
                Some(finished) = running.join_next() => {
                    if let Ok((key, result)) = finished {
                        self.lock().finished(&key, result, self.origin.elapsed());
                        report_at.get_or_insert_with(|| Instant::now() + GATHER);
                    }
                }
                () = sleep_until(next_due.map(|due| self.origin + due)) => {}
                () = sleep_until(report_at) => {
                    report_at = match self.report(client).await {
                        Ok(()) => { pause = Pause::default(); None }
                        Err(error) if call::is_unsupported(&error) => return Ok(()),
                        Err(RpcError::Closed) => return Err(RpcError::Closed),
                        Err(error) => {
                            tracing::warn!(%error, "the server did not take metadata");
                            Some(Instant::now() + pause.next())
                        }
                    };
                }
            }
        }
    }

    async fn report(&self, client: &rpc::Client) -> Result<(), RpcError> {
        let metadata = self.lock().take_fresh();
        if metadata.is_empty() {
            return Ok(());
        }
        let request = BatchUpdateMetadataRequest { metadata };
        let answer: Result<BatchUpdateMetadataResponse, _> =
            client.unary(method::BATCH_UPDATE_METADATA, &request).await;
        if answer.is_err() {
            self.lock().give_back(request.metadata);
        }
        answer.map(drop)
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

async fn collect_one(run: &Run, context: &SessionContext) -> MetadataResult {
    let mut output = Vec::new();
    let facts = context.facts();
    let (value, error) = match command::prepare(&facts, &Account::current(), Request::Script(&run.script), &[]) {
        Err(error) => (String::new(), error.to_string()),
        Ok(launch) => {
            let end = child::run(launch.command(), Some(run.limit), |_, bytes| {
                let room = MAX_VALUE - output.len();
                output.extend_from_slice(&bytes[..bytes.len().min(room)]);
            })
            .await;
            (clean(&output), problem(&end, run.limit))
        }
    };
    MetadataResult { collected_at: Some(Timestamp::from_system_time(SystemTime::now())), age: 0, value, error }
}

fn problem(end: &End, limit: Duration) -> String {
    match end {
        End::Exited(0) | End::PipesLeftOpen(0) => String::new(),
        End::Exited(code) | End::PipesLeftOpen(code) => format!("the script ended with exit code {code}"),
        End::Signalled(signal) => format!("the script was ended by signal {signal}"),
        End::TimedOut => format!("the script did not end within {} s", limit.as_secs()),
        End::NotStarted(error) => format!("the script could not be started: {error}"),
    }
}

/// Descriptions by key, the first of each key: what a server sends twice runs once.
fn unique(descriptions: &[MetadataDescription]) -> HashMap<&str, &MetadataDescription> {
    let mut by_key = HashMap::new();
    for description in descriptions {
        by_key.entry(description.key.as_str()).or_insert(description);
    }
    by_key
}
