//! The HTTP interface of the workspace on mesh port 4 (spec `agent-rpc.md` 7.4): what listens here, folders, diagnostics.
//! Reached only through the mesh; not for apps of the workspace, which have ports of their own.

mod directory;
mod failure;
mod logs;
mod netcheck;
mod status;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mesh::Mesh;
use proto::agent::Manifest;
use proto::rest;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::listening_ports::ListeningPorts;
use failure::{Failure, Json};

/// How long a request may take to arrive and to be answered.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest body: a list of folder names.
const MAX_BODY: usize = 64 * 1024;

/// What the interface knows; one for the whole process.
pub struct Api {
    manifest: watch::Receiver<Option<Arc<Manifest>>>,
    log_dir: PathBuf,
    ports: ListeningPorts,
    mesh: Mutex<Option<Mesh>>,
}

impl Api {
    /// An interface that sees no mesh yet.
    pub fn new(manifest: watch::Receiver<Option<Arc<Manifest>>>, log_dir: PathBuf) -> Self {
        Self { manifest, log_dir, ports: ListeningPorts::default(), mesh: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Mesh>> {
        self.mesh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a mesh in the diagnostics, or none.
    pub fn attach(&self, mesh: Option<Mesh>) {
        *self.lock() = mesh;
    }

    async fn mesh_status(&self) -> mesh::driver::MeshStatus {
        let mesh = self.lock().clone();
        match mesh {
            Some(mesh) => mesh.status().await,
            None => mesh::driver::MeshStatus::default(),
        }
    }
}

/// Serves one connection until it ends.
pub async fn serve<S>(stream: S, api: Arc<Api>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = TowerToHyperService::new(router(api));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(TIMEOUT);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection to the HTTP interface ended early");
    }
}

/// All routes.
pub fn router(api: Arc<Api>) -> Router {
    Router::new()
        .route("/", get(hello))
        .route("/api/v0/listening-ports", get(listening_ports))
        .route("/api/v0/netcheck", get(netcheck::report))
        .route("/api/v0/list-directory", post(directory::list))
        .route("/api/v0/containers", get(no_containers))
        .route("/debug/logs", get(logs::tail))
        .route("/debug/magicsock", get(status::mesh))
        .route("/debug/manifest", get(status::manifest))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(in_time))
        .with_state(api)
}

async fn in_time(request: Request, next: Next) -> Result<Response, Failure> {
    let answer = tokio::time::timeout(TIMEOUT, next.run(request)).await;
    answer.map_err(|_| Failure::new(StatusCode::GATEWAY_TIMEOUT, "This took too long."))
}

async fn hello() -> Json<rest::Response> {
    Json(rest::Response::new("Hello from the agent!"))
}

/// Programs ask every workspace for its development containers; this answer means that it offers none.
async fn no_containers() -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "Development containers are not offered by this workspace.")
}

async fn unknown() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

async fn wrong_method() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method.")
}

async fn listening_ports(State(api): State<Arc<Api>>) -> Result<Json<rest::agent::ListeningPorts>, Failure> {
    let ports = api.ports.list().await.map_err(|error| {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "The listening ports cannot be read.").because(&error)
    })?;
    Ok(Json(rest::agent::ListeningPorts { ports }))
}

#[cfg(test)]
mod tests;
