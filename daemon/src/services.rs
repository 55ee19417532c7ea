//! What the daemon serves on its own ports of the mesh, and how much of it one peer may use. Not for the services
//! themselves, nor for other ports, which the mesh splices to this machine's loopback.

mod quota;

use std::net::IpAddr;
use std::sync::Arc;

use mesh::{Mesh, MeshError, TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::http_api::{self, Api};
use crate::pty::Terminals;
use crate::session::SessionContext;
use crate::{speedtest, ssh};
use quota::Quota;

/// One of our own ports (spec `agent-rpc.md` 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Ssh,
    Terminal,
    Speedtest,
    Http,
}

const PORTS: [(u16, Service); 5] =
    [(1, Service::Ssh), (22, Service::Ssh), (2, Service::Terminal), (3, Service::Speedtest), (4, Service::Http)];

/// All services; one for the whole process.
pub struct Services {
    context: Arc<SessionContext>,
    terminals: Arc<Terminals>,
    api: Arc<Api>,
    quota: Arc<Quota>,
    stop: CancellationToken,
}

impl Services {
    /// Services that do not listen yet.
    pub fn new(context: Arc<SessionContext>, api: Arc<Api>) -> Self {
        let terminals = Terminals::new(Arc::clone(&context));
        Self { context, terminals, api, quota: Arc::default(), stop: CancellationToken::new() }
    }

    /// Listens on all our ports of a mesh.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn listen(self: &Arc<Self>, mesh: &Mesh) -> Result<(), MeshError> {
        for (port, service) in PORTS {
            let listener = mesh.listen_tcp(port).await?;
            tokio::spawn(Arc::clone(self).accept(listener, service));
        }
        Ok(())
    }

    /// Lets the diagnostics of the HTTP API see a mesh.
    pub fn attach(&self, mesh: Option<Mesh>) {
        self.api.attach(mesh);
    }

    /// Ends all sessions and takes no new ones.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    async fn accept(self: Arc<Self>, mut listener: TcpListener, service: Service) {
        loop {
            let stream = tokio::select! {
                () = self.stop.cancelled() => return,
                stream = listener.accept() => stream,
            };
            let Some(stream) = stream else { return };
            let peer = IpAddr::V6(*stream.peer_addr().ip());
            let Some(place) = self.quota.take(peer) else {
                // Dropping the stream resets it: the peer learns at once, and others keep their share.
                tracing::warn!(%peer, ?service, "refused a connection: this peer has too many open");
                continue;
            };
            let this = Arc::clone(&self);
            tokio::spawn(async move {
                tokio::select! {
                    () = this.stop.cancelled() => {}
                    () = this.serve(stream, peer, service) => {}
                }
                drop(place);
            });
        }
    }

    async fn serve(&self, stream: TcpStream, peer: IpAddr, service: Service) {
        match service {
            Service::Ssh => Box::pin(ssh::serve(stream, Some(peer), Arc::clone(&self.context))).await,
            Service::Terminal => Box::pin(Arc::clone(&self.terminals).serve(stream, Some(peer))).await,
            Service::Speedtest => Box::pin(speedtest::serve(stream)).await,
            Service::Http => Box::pin(http_api::serve(stream, Arc::clone(&self.api))).await,
        }
    }
}
