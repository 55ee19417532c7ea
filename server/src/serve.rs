//! The listener: accepts connections, speaks HTTP/1.1 on each, ends them when the server stops. Routes are in [`crate::http`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// How long a client may take to send the head of a request: slow heads hold no connection for longer.
const HEAD: Duration = Duration::from_secs(10);
/// Connections at a time: bounds memory; a thousand daemons and their clients fit.
const CONNECTIONS: usize = 8192;
/// Longest head: the longest honest one is a cookie and a token.
const MAX_HEAD: usize = 64 * 1024;
/// How long open requests may take to end after the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// Ports tried behind the wanted one.
const NEXT_PORTS: u16 = 20;

/// Binds `wanted`, or with `next` the first free port behind it.
///
/// # Errors
/// None of them is free.
pub async fn bind(wanted: SocketAddr, next: bool) -> std::io::Result<TcpListener> {
    let first = match TcpListener::bind(wanted).await {
        Err(error) if next && error.kind() == std::io::ErrorKind::AddrInUse => error,
        other => return other,
    };
    for port in (1..=NEXT_PORTS).filter_map(|step| wanted.port().checked_add(step)) {
        if let Ok(listener) = TcpListener::bind(SocketAddr::new(wanted.ip(), port)).await {
            return Ok(listener);
        }
    }
    Err(first)
}

/// Serves until `stop`, then lets open requests end.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let (connections, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors: the next accept would fail at once again.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, router, stop).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(MAX_HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended with an error");
    }
}
