//! Our calls against storj/drpc over hashicorp/yamux streams, in both roles: the service of `tests/peers/drpcpeer` and
//! the same one here.

use rpc::{Client, RpcError};
use tests::calls::{Blob, Probe, blob, remote};
use tokio::net::TcpListener;

use crate::peer::{Program, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn storj_drpc_calls_our_service() {
    let program = Program::build("./drpcpeer");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = program.start(&["client", &listener.local_addr().unwrap().to_string()]);
    let (socket, _) = within(listener.accept()).await.unwrap();
    let served = within(rpc::serve(socket, Probe::new())).await;
    let expect = [
        "/echo: hello",
        "/fail: code 7: as asked",
        "/nothing: code 0: EOF",
        "/other: code 12: unknown rpc: \"/other\"",
        "/echo: ",
        "/echo: 3145728 bytes, same: true",
        "/fail: code 7: as asked",
        "/pour: EOF",
        "/fail later: one, then code 9: after one",
        "/each: EOF",
        "/wait: started",
        "/dropped: wait",
        "/wait: started",
        "/dropped: wait",
        "/wait: started",
        "/dropped: wait",
    ];
    assert_eq!(peer.end().await.lines().collect::<Vec<_>>(), expect);
    assert_eq!(served, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn storj_drpc_answers_our_calls() {
    let program = Program::build("./drpcpeer");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = program.start(&["server", &listener.local_addr().unwrap().to_string()]);
    let (socket, _) = within(listener.accept()).await.unwrap();
    let client = Client::new(socket);
    for (name, request, expect) in [
        ("/echo", &b"hello"[..], Ok(blob(b"hello"))),
        ("/echo", b"", Ok(blob(b""))),
        ("/echo", &[7; 3 << 20], Ok(blob(&[7; 3 << 20]))),
        ("/fail", b"", Err(remote(7, "as asked"))),
        ("/other", b"", Err(remote(0, "protocol error: unknown rpc: \"/other\""))),
    ] {
        let got: Result<Blob, RpcError> = within(client.unary(name, &blob(request))).await;
        assert_eq!(got, expect, "{name}");
    }
    within(server_streams(&client)).await;
    within(both_ways(&client)).await;
    within(cancels(&client)).await;
    within(at_once(&client)).await;
    client.close();
    within(client.closed()).await;
    assert_eq!(peer.end().await, "");
}

async fn server_streams(client: &Client) {
    let (mut sender, mut receiver) = client.stream("/pour").await.unwrap();
    sender.send(&blob(&[0; 20])).await.unwrap();
    sender.finish().await.unwrap();
    for index in 0..20 {
        assert_eq!(receiver.next().await, Ok(Some(blob(&[index; 1 << 20]))));
    }
    assert_eq!(receiver.next::<Blob>().await, Ok(None));

    let (mut sender, mut receiver) = client.stream("/fail later").await.unwrap();
    sender.send(&blob(b"")).await.unwrap();
    assert_eq!(receiver.next().await, Ok(Some(blob(b"one"))));
    assert_eq!(receiver.next::<Blob>().await, Err(remote(9, "after one")));
}

async fn both_ways(client: &Client) {
    let (mut sender, mut receiver) = client.stream("/each").await.unwrap();
    for round in 0..100_u8 {
        let message = blob(&vec![round; 1 + usize::from(round) * 1000]);
        sender.send(&message).await.unwrap();
        assert_eq!(receiver.next().await, Ok(Some(message)));
    }
    sender.finish().await.unwrap();
    assert_eq!(receiver.next::<Blob>().await, Ok(None));
}

/// Leaving a call lets the peer's side of it know.
async fn cancels(client: &Client) {
    for _ in 0..3 {
        let (mut sender, mut receiver) = client.stream("/wait").await.unwrap();
        sender.send(&blob(b"")).await.unwrap();
        assert_eq!(receiver.next().await, Ok(Some(blob(b"started"))));
        drop((sender, receiver));
        assert_eq!(client.unary("/dropped", &blob(b"")).await, Ok(blob(b"wait")));
    }
}

async fn at_once(client: &Client) {
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..500_u32 {
        let client = client.clone();
        calls.spawn(async move {
            let request = blob(&number.to_be_bytes().repeat(1000));
            assert_eq!(client.unary("/echo", &request).await, Ok(request));
        });
    }
    assert_eq!(calls.join_all().await.len(), 500);
}
