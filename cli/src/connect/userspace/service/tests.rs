//! The socket from both sides: our client reads what our service says.

use client::tunnel::{Picture, Tunnel, TunnelError};
use proto::ipc::{Call, DeploymentState, DeploymentStatus, Description, Event, LocalPort, ServiceStatus};
use proto::secret::Secret;
use tokio::sync::{mpsc, watch};

use super::super::socket::Owned;
use super::{Order, serve};

fn picture(state: DeploymentState) -> Picture {
    let mut picture = Picture::default();
    let url = || "http://a/".to_owned();
    picture.apply(Event::Service(ServiceStatus { version: "1".into(), ..ServiceStatus::default() }));
    picture.apply(Event::Deployment(DeploymentStatus {
        url: url(),
        suffix: None,
        state,
        health: Vec::new(),
        names: 1,
    }));
    let port =
        LocalPort { daemon: proto::id::AgentId(uuid::Uuid::from_u128(1)), remote: 22, local: 8022, is_here: false };
    picture.apply(Event::Ports { url: url(), ports: vec![port] });
    picture
}

#[tokio::test]
async fn a_watcher_sees_the_state_and_its_changes_and_may_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let owned = Owned::at(folder.path().join("s"));
    let (orders, mut ordered) = mpsc::channel(1);
    let (state, watched) = watch::channel(picture(DeploymentState::Asking));
    let _service = serve(&owned, orders, watched).unwrap();

    let mut tunnel = Tunnel::open(owned.path()).await.unwrap();
    let mut seen = tunnel.watch().await.unwrap();
    assert_eq!(seen, picture(DeploymentState::Asking));
    state.send_replace(picture(DeploymentState::Connected));
    while seen != picture(DeploymentState::Connected) {
        seen.apply(tunnel.next().await.unwrap());
    }

    let description = Description { url: "http://b".into(), token: Secret::new("canary"), is_local: false };
    let refused = tunnel.call(Call::Connect(description)).await.unwrap_err();
    assert!(matches!(&refused, TunnelError::Refused(fault) if fault.text.contains("homeport connect stop")));
    tunnel.call(Call::Wake).await.unwrap();
    assert!(matches!(ordered.recv().await, Some(Order::Wake)));
    tunnel.call(Call::Disconnect { url: None }).await.unwrap();
    assert!(matches!(ordered.recv().await, Some(Order::Stop)));
}

#[tokio::test]
async fn foreign_callers_get_nothing() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().unwrap();
    let owned = Owned::at(folder.path().join("s"));
    let (orders, _ordered) = mpsc::channel(1);
    let (_state, watched) = watch::channel(picture(DeploymentState::Asking));
    let _service = serve(&owned, orders, watched).unwrap();
    for said in
        [&b"GET / HTTP/1.1\n"[..], b"homeport-tunnel 2.0\n", &[b'x'; 200], b"homeport-tunnel 1.0\n\xff\xff\xff\xff"]
    {
        let mut stream = tokio::net::UnixStream::connect(owned.path()).await.unwrap();
        stream.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        // Closed with bytes of ours unread, which the kernel may call a reset.
        let _ = stream.read_to_end(&mut heard).await;
        assert_eq!(heard, b"homeport-tunnel 1.0\n");
    }
}
