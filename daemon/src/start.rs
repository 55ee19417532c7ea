//! From arguments to a running daemon: the runtime, the log, the signals. The composition root of this package.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::{Args, Config, TOKEN_FD, TOKEN_VARIABLE};
use crate::daemon::{Daemon, Ending};
use crate::dial::ServerDial;
use crate::http_api::Api;
use crate::local_report::Claim;
use crate::network::MeshNetwork;
use crate::os::hidden_token;
use crate::services::Services;
use crate::session::{Facts, SessionContext};
use crate::{own_log, reaper};

/// What a shell reports for a program that was interrupted.
const INTERRUPTED: u8 = 130;

/// Runs the workspace daemon until it is asked to end. Makes its own runtime, so a caller inside of one may call it too.
///
/// # Errors
/// When the configuration does not make sense or the operating system gives not what is needed to start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let executable = std::env::current_exe().context("cannot find this program on disk")?;
    let shown = hidden_token::restart_without(&executable, TOKEN_VARIABLE, &format!("--{TOKEN_FD}"));
    if std::process::id() == 1 && args.may_reap() {
        return reaper::run();
    }
    let config = args.resolve(executable)?;
    // Before the log, which the other one writes.
    let claim = config.report_socket.as_deref().map(Claim::take).transpose()?;
    // Libraries panic without randomness; here it is still a sentence.
    getrandom::fill(&mut [0; 1]).map_err(|error| {
        anyhow::anyhow!("this system gives no random bytes ({error}); a container needs /dev/random and /dev/urandom")
    })?;
    own_log::start(&config.log_dir);
    if let Err(error) = shown {
        tracing::warn!(%error, "the token stays visible in the environment of this process");
    }
    // A thread of its own: a runtime cannot be started from a thread that is inside of another.
    let daemon = std::thread::Builder::new().name("daemon".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            // One for the mesh, one for everything else; an idle daemon must stay small.
            .worker_threads(2)
            .max_blocking_threads(16)
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let code = runtime.block_on(Box::pin(live(config, claim)));
        // Whatever still blocks (a script's log on a dead disk) does not keep us.
        runtime.shutdown_background();
        code
    });
    let daemon = daemon.context("cannot start a thread")?;
    daemon.join().map_err(|_| anyhow::anyhow!("the daemon ended by a defect; its log says where"))?
}

async fn live(config: Config, claim: Option<Claim>) -> anyhow::Result<ExitCode> {
    let facts = Facts {
        token: Some(config.token.clone()),
        access_url: config.access_url.to_string(),
        executable: config.executable.clone(),
        script_bin_dir: Some(config.script_data_dir.join("coder-script-data").join("bin")),
        ..Facts::default()
    };
    let (context, events) = SessionContext::new(facts, config.policy, config.ssh_max_timeout);
    let manifest = watch::Sender::new(None);
    let api = Arc::new(Api::new(manifest.subscribe(), config.log_dir.clone()));
    let services = Arc::new(Services::new(Arc::clone(&context), api));
    let network = MeshNetwork::new(config.access_url.clone(), config.headers.clone(), config.udp_port, services);
    let dial = ServerDial(config.clone());
    tracing::info!(server = %config.access_url, version = env!("CARGO_PKG_VERSION"), "workspace daemon starts");
    let daemon = Daemon::new(config, (context, events), network, dial, manifest).reporting(claim);

    let (stop, now) = (CancellationToken::new(), CancellationToken::new());
    let signals = watch_signals(stop.clone(), now.clone())?;
    tokio::spawn(signals);
    tokio::select! {
        ending = Box::pin(daemon.run(stop)) => Ok(match ending {
            Ending::Asked => ExitCode::SUCCESS,
            Ending::Replaced => ExitCode::FAILURE,
        }),
        () = now.cancelled() => {
            tracing::warn!("stopped at once, by a second signal");
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// The first signal asks for an orderly end, the second for an immediate one.
fn watch_signals(stop: CancellationToken, now: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        for token in [stop, now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
            token.cancel();
        }
    })
}
