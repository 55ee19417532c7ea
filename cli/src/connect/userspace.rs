//! User-space mode: workspaces reachable without a network device and without privilege, for as long as this command
//! runs. One mesh per deployment, a local port of 127.0.0.1 for each port that a workspace listens on.
//!
//! ```text
//!  deployment (one task each): REST, mesh, control, zone ──┐
//!  daemon     (one task each): path, latency, its ports ───┼─ News ─► the loop here ─► ports (pure) ─► listeners
//!  service    (the socket): wake, stop ────────────────────┘              └─► Picture ─► whoever watches
//! ```
//!
//! Not here: names for other programs than SSH, which only the system's resolver could give.

mod board;
mod canary;
mod daemon;
mod deployment;
mod listener;
mod ports;
mod service;
pub mod socket;
mod surroundings;

use std::time::Duration;

use anyhow::Context;
use proto::ipc::Description;
use tokio::sync::mpsc;

use crate::failure::failure;
use crate::terminal::progress;
use board::Board;
use service::Order;
use socket::Taken;
use surroundings::Surroundings;

/// The first table waits so long for workspaces that do not answer.
const FIRST_TABLE: Duration = Duration::from_secs(6);

/// Runs until Ctrl-C or `homeport connect stop`.
pub async fn run(wanted: Vec<Description>, relay_only: bool) -> anyhow::Result<u8> {
    let socket = match socket::own() {
        Ok(socket) => socket,
        Err(Taken::Running) => {
            return Err(failure(
                "user-space mode runs already in another terminal",
                "see `homeport connect status`, or end it with `homeport connect stop`",
            ));
        }
        Err(Taken::Folder(why)) => return Err(why),
    };
    let canary = canary::Canary::set().context("cannot listen on 127.0.0.1")?;
    let (news_sender, mut news) = mpsc::unbounded_channel();
    let (order_sender, mut orders) = mpsc::channel(1);
    let mut board = Board::new(&wanted, canary.ports());
    let service = service::serve(&socket, order_sender, board.watch())?;
    let workers: Vec<_> =
        wanted.into_iter().map(|description| deployment::start(description, relay_only, news_sender.clone())).collect();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut surroundings = Surroundings::now();
    let mut looks = tokio::time::interval(surroundings::PERIOD);
    let first_table = tokio::time::sleep(FIRST_TABLE);
    tokio::pin!(first_table);
    progress(
        "User-space mode: local ports on 127.0.0.1; `ssh <workspace>.coder` after `homeport config-ssh`. Ctrl-C ends it.",
    );
    loop {
        tokio::select! {
            Some(news) = news.recv() => board.take(news, &news_sender),
            Some(order) = orders.recv() => match order {
                Order::Stop => break,
                Order::Wake => wake(&board, &workers),
            },
            _ = looks.tick() => if surroundings.have_changed() { wake(&board, &workers) },
            () = &mut first_table, if !board.is_shown() => board.show(),
            stopped = tokio::signal::ctrl_c() => { stopped?; break }
            _ = terminate.recv() => break,
        }
    }
    // The socket goes first: whoever asks now must not find a mode that is ending.
    drop((service, socket));
    let meshes = board.end();
    drop(workers);
    for mesh in meshes {
        mesh.disconnect();
        mesh.shutdown().await;
    }
    Ok(0)
}

/// The network changed: paths are looked for again, control is dialled again.
fn wake(board: &Board, workers: &[deployment::Worker]) {
    board.meshes().for_each(mesh::Mesh::network_changed);
    workers.iter().for_each(deployment::Worker::wake);
}
