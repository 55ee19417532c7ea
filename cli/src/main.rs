//! The program `homeport`: reads its name and arguments, runs one command, turns its end into an exit code. Called as
//! `coder` it is the same program.

mod accounts;
mod askpass;
mod browser;
mod build;
mod command;
mod completion;
mod config_ssh;
mod connect;
mod create;
mod dashboard;
mod delete;
mod diagnose;
mod failure;
mod follow;
mod gitssh;
mod global;
mod list;
mod login;
mod logout;
mod netcheck;
mod ping;
mod port_forward;
mod reach;
mod reachable;
mod resolved;
mod restart;
mod server;
mod session;
mod show;
mod speedtest;
mod ssh;
mod start;
mod stop;
mod support;
mod table;
mod target;
mod terminal;
mod tokens;
mod version;
mod whoami;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use command::{Command, Homeport};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let called_as_coder =
        arguments.first().is_some_and(|name| Path::new(name).file_stem().is_some_and(|stem| stem == "coder"));
    // Everything behind `server` is the server's own, options that are also ours included.
    if arguments.get(1).is_some_and(|word| word == "server") {
        return finish(server::become_server(arguments.into_iter().skip(2).collect()));
    }
    if let [_, question] = arguments.as_slice()
        && let Some(question) = question.to_str().and_then(askpass::parse)
    {
        return with_runtime(&mut tokio::runtime::Builder::new_current_thread(), askpass::run(question));
    }
    let parsed = Homeport::parse_from(&arguments);
    if parsed.version {
        terminal::print(&version::text(called_as_coder));
        return ExitCode::SUCCESS;
    }
    let Some(command) = parsed.command else {
        terminal::print(&Homeport::command().render_help().to_string());
        return ExitCode::SUCCESS;
    };
    let command = match command {
        Command::Daemon(args) => return daemon::run(*args).unwrap_or_else(|error| finish(Err(error))),
        Command::Connect(args) if args.asked_host().is_some() => {
            return if args.asked_host().is_some_and(connect::exists::exists) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        command => command,
    };
    log_to_stderr(parsed.global.verbose);
    let mut runtime = match &command {
        // The mesh has its own loop, which must not wait for what is done with its bytes.
        Command::Ssh(_) | Command::Speedtest(_) | Command::PortForward(_) => carrying(),
        Command::Connect(args) if args.may_carry() => carrying(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    with_runtime(&mut runtime, command::run(command, &parsed.global, called_as_coder))
}

fn carrying() -> tokio::runtime::Builder {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2);
    runtime
}

fn with_runtime(runtime: &mut tokio::runtime::Builder, work: impl Future<Output = anyhow::Result<u8>>) -> ExitCode {
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(anyhow::Error::new(error).context("cannot start"))),
    };
    let result = runtime.block_on(work);
    // A thread that waits for the terminal's next key must not hold the exit up.
    runtime.shutdown_background();
    finish(result)
}

fn finish(result: anyhow::Result<u8>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let text = failure::line(&error);
            if terminal::has_colour() {
                eprint_line(&format!("\x1b[31mhomeport:\x1b[0m {text}"));
            } else {
                eprint_line(&format!("homeport: {text}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn eprint_line(text: &str) {
    use std::io::Write;
    // There is nowhere left to report that standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn log_to_stderr(verbose: bool) {
    let default = if verbose { "debug,hyper=info,reqwest=info,rustls=info,russh=info" } else { "error" };
    let filter = std::env::var("HOMEPORT_LOG").ok().filter(|filter| !filter.is_empty());
    let wanted = filter.as_deref().unwrap_or(default);
    // A filter that cannot be read must not hide errors.
    let levels = wanted.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::ERROR));
    let to_stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal::has_colour());
    let _ = tracing_subscriber::registry().with(levels).with(to_stderr).try_init();
}
