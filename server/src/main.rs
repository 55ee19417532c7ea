//! The command line of `homeport-server`. What it does is in the library.

use std::process::ExitCode;

use clap::Parser as _;
use server::config::Options;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

fn main() -> ExitCode {
    server::os::return_memory();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("homeport-server: the operating system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(serve())
}

async fn serve() -> ExitCode {
    let options = Options::parse();
    let levels = std::env::var("HOMEPORT_LOG").ok().and_then(|filter| filter.parse().ok());
    let levels = levels.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let has_colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(has_colour);
    tracing_subscriber::registry().with(levels).with(to_stderr).init();
    let result = match options.into_config() {
        Ok(config) => server::run(config).await.map_err(anyhow::Error::from),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("homeport-server: {error}");
            ExitCode::FAILURE
        }
    }
}
