//! The life of the process: dial, converse, wait, dial again; and the orderly end (spec `agent-rpc.md` 6).
//!
//! ```text
//!  signal ── shut_down: SHUTTING_DOWN ─ sessions end ─ goodbye ─ stop scripts ─ OFF ─ flush (≤ 5 s) ─ mesh stops
//!  control: dial ── converse ── wait ──┐
//!            └─────────────────────────┘
//! ```
//! What is said on a connection is in `control`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use client::error::with_causes;
use proto::agent::{LifecycleState, TimingStage};
use proto::wkt::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::connections;
use crate::control::{self, End, State, backoff::Backoff};
use crate::dial::Dial;
use crate::lifecycle::Life;
use crate::local_report::Claim;
use crate::logs::Logs;
use crate::metadata::Metadata;
use crate::network::Network;
use crate::os::links::Links;
use crate::outbox::Outbox;
use crate::scripts::folders::Folders;
use crate::scripts::stage::Outcome;
use crate::scripts::{MAX_TIMINGS, Scripts};
use crate::session::{SessionContext, SessionEvent};

/// How long the last reports and the goodbye may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to.
    Asked,
    /// Another daemon uses the same token; two at once would take each other's place for ever.
    Replaced,
}

/// A daemon that is not running yet.
pub struct Daemon<N, D> {
    state: Arc<State<N>>,
    dial: D,
    events: mpsc::Receiver<SessionEvent>,
    claim: Option<Claim>,
}

impl<N: Network, D: Dial> Daemon<N, D> {
    /// Puts the parts together.
    pub fn new(
        config: Config,
        (context, events): (Arc<SessionContext>, mpsc::Receiver<SessionEvent>),
        network: N,
        dial: D,
        manifest: watch::Sender<Option<Arc<proto::agent::Manifest>>>,
    ) -> Self {
        let logs = Arc::new(Logs::default());
        let scripts = Arc::new(Scripts {
            context: Arc::clone(&context),
            logs: Arc::clone(&logs),
            timings: Outbox::new(MAX_TIMINGS),
            folders: Folders::new(&config.script_data_dir, &config.log_dir),
        });
        let state = State {
            config,
            context,
            life: Life::default(),
            logs,
            scripts,
            metadata: Metadata::default(),
            reports: connections::reports(),
            manifest,
            network,
            connected: watch::Sender::new(false),
            coordinated: watch::Sender::new(false),
            problem: watch::Sender::new(None),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self { state: Arc::new(state), dial, events, claim: None }
    }

    /// Tells at this socket who is connected.
    pub fn reporting(self, claim: Option<Claim>) -> Self {
        Self { claim, ..self }
    }

    /// Runs until `stop` is cancelled or another daemon takes over, then ends in order.
    pub async fn run(self, stop: CancellationToken) -> Ending {
        let Self { state, dial, events, claim } = self;
        if let Err(error) = state.scripts.folders.prepare(&state.config.executable) {
            tracing::warn!(%error, "the folder of programs for scripts cannot be made");
        }
        let control = control_server(&state, &dial);
        let gather = connections::gather(events, &state.reports);
        let life = async {
            stop.cancelled().await;
            shut_down(&state).await;
            Ending::Asked
        };
        let ending = tokio::select! {
            ending = Box::pin(life) => ending,
            ending = Box::pin(control) => {
                state.stopping.cancel();
                ending
            }
            () = async { report(claim.as_ref(), &state).await; std::future::pending().await } => Ending::Asked,
            // The context that sends events lives as long as we.
            () = async { gather.await; std::future::pending().await } => Ending::Asked,
            () = async { watch_links(&state.network).await; std::future::pending().await } => Ending::Asked,
        };
        state.network.shutdown().await;
        ending
    }
}

async fn report<N: Network>(claim: Option<&Claim>, state: &Arc<State<N>>) {
    if let Some(claim) = claim {
        claim.answer(state).await;
    }
}

/// Lets the mesh look for new paths when this machine's addresses change; without this it finds out by silence.
async fn watch_links<N: Network>(network: &N) {
    let watched = async {
        let mut links = Links::watch()?;
        loop {
            links.changed().await?;
            tracing::info!("the addresses of this machine changed");
            network.changed();
        }
    };
    let watched: std::io::Result<std::convert::Infallible> = watched.await;
    let Err(error) = watched;
    tracing::info!(%error, "changes of this machine's addresses cannot be watched");
}

/// Keeps a connection to the server; returns when another daemon has taken our place.
async fn control_server<N: Network, D: Dial>(state: &Arc<State<N>>, dial: &D) -> Ending {
    let mut backoff = Backoff::default();
    let mut last_problem = String::new();
    loop {
        match dial.dial().await {
            Ok(client) => {
                tracing::info!("connected to the server");
                last_problem.clear();
                state.problem.send_replace(None);
                let begin = Instant::now();
                let end = Box::pin(control::converse(state, &client)).await;
                client.close();
                backoff.lived(begin.elapsed());
                if matches!(end, End::Replaced) {
                    tracing::error!(
                        "another workspace daemon connected with the same token, so this one stops; \
                         give each daemon its own token"
                    );
                    return Ending::Replaced;
                }
                if !state.stopping.is_cancelled() {
                    tracing::warn!(error = with_causes(&end), "disconnected from the server");
                }
            }
            Err(error) => {
                // The same problem every ten seconds for a night would only hide what came before it.
                let problem = error.to_string();
                state.problem.send_replace(Some(problem.clone()));
                if problem == last_problem {
                    tracing::debug!(problem, "the server cannot be reached");
                } else {
                    tracing::warn!(problem, "the server cannot be reached; trying again until it can");
                    last_problem = problem;
                }
            }
        }
        tokio::time::sleep(backoff.next(scatter())).await;
    }
}

fn scatter() -> u8 {
    let mut byte = [128];
    // Without randomness all daemons wait equally long, which is no reason not to wait.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

/// The orderly end. The connection to the server goes on meanwhile: it carries the last states and logs.
async fn shut_down<N: Network>(state: &Arc<State<N>>) {
    let now = || Timestamp::from_system_time(SystemTime::now());
    tracing::info!("shutting down");
    state.life.enter(LifecycleState::ShuttingDown, now());
    state.stopping.cancel();
    state.network.close_sessions();
    state.tasks.close();
    state.tasks.wait().await;
    state.network.disconnect();
    let manifest = state.manifest.borrow().clone();
    let outcome = match manifest {
        Some(manifest) => state.scripts.run_stage(&manifest.scripts, TimingStage::Stop).await,
        None => Outcome::Good,
    };
    state.life.enter(outcome.after_stop(), now());
    state.logs.flush();
    if !*state.connected.borrow() && state.manifest.borrow().is_none() {
        // The server never heard of us: there is nobody to tell.
        return;
    }
    let last_words = async {
        state.life.settled().await;
        state.logs.settled().await;
        state.scripts.timings.emptied().await;
        let mut coordinated = state.coordinated.subscribe();
        let _ = coordinated.wait_for(|coordinated| !coordinated).await;
    };
    if tokio::time::timeout(LAST_WORDS, last_words).await.is_err() {
        tracing::warn!("the server did not take the last reports in time");
    }
}

#[cfg(test)]
mod tests;
