//! Tests of the server against a client that does what OpenSSH's never would. The ordinary cases are in
//! `daemon/tests/openssh.rs`.

use super::*;
use crate::session::{Facts, Policy, SSH_MAX_TIMEOUT};
use russh::client::{self, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg, Pty, Sig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

fn server() -> (DuplexStream, tokio::task::JoinHandle<()>) {
    let (client, server) = tokio::io::duplex(256 * 1024);
    let (context, _) = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
    (client, tokio::spawn(serve(server, None, context)))
}

async fn login() -> (Handle<Trusting>, tokio::task::JoinHandle<()>) {
    let (stream, serving) = server();
    let mut handle = client::connect_stream(Arc::default(), stream, Trusting).await.unwrap();
    assert!(handle.authenticate_password("anybody", "anything").await.unwrap().success());
    (handle, serving)
}

/// Everything until the channel ends: output, exit status, signal name, and whether a request was refused.
async fn finish(mut channel: Channel<client::Msg>) -> (String, Option<u32>, Option<String>, usize) {
    let (mut output, mut status, mut signal, mut refused) = (Vec::new(), None, None, 0);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => signal = Some(format!("{signal_name:?}")),
            ChannelMsg::Failure => refused += 1,
            _ => {}
        }
    }
    (String::from_utf8_lossy(&output).into_owned(), status, signal, refused)
}

#[tokio::test]
async fn absurd_terminal_sizes_are_clamped() {
    let (client, _serving) = login().await;
    let check = async |columns: u32, rows: u32, expect: &str| {
        let channel = client.channel_open_session().await.unwrap();
        let modes = [(Pty::ECHO, 0), (Pty::VINTR, u32::MAX), (Pty::TTY_OP_OSPEED, u32::MAX)];
        channel.request_pty(true, "xterm", columns, rows, u32::MAX, u32::MAX, &modes).await.unwrap();
        channel.exec(true, "stty size").await.unwrap();
        assert_eq!(finish(channel).await, (format!("{expect}\r\n"), Some(0), None, 0));
    };
    check(100, 50, "50 100").await;
    check(0, 0, "24 80").await;
    check(u32::MAX, 65536, "65535 65535").await;
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_and_the_session_goes_on() {
    let (client, _serving) = login().await;
    let channel = client.channel_open_session().await.unwrap();
    channel.request_pty(true, &"x".repeat(1000), 80, 24, 0, 0, &[]).await.unwrap();
    for n in 0..9 {
        // Eight of these fit; together nine do not.
        channel.set_env(true, format!("BIG_{n}"), "x".repeat(32_000)).await.unwrap();
    }
    channel.request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0).await.unwrap();
    channel.set_env(true, "BAD=NAME", "x").await.unwrap();
    channel.exec(true, "env | grep -c ^BIG_").await.unwrap();
    assert_eq!(finish(channel).await, ("8\n".to_owned(), Some(0), None, 3), "terminal, ninth variable, X11");

    let channel = client.channel_open_session().await.unwrap();
    channel.exec(true, "x".repeat(200_000)).await.unwrap();
    channel.request_subsystem(true, "netconf").await.unwrap();
    channel.exec(true, "echo still here").await.unwrap();
    assert_eq!(finish(channel).await, ("still here\n".to_owned(), Some(0), None, 2));
}

#[tokio::test]
async fn channels_are_limited() {
    let (client, _serving) = login().await;
    let mut open = Vec::new();
    for _ in 0..channels::CHANNEL_LIMIT {
        open.push(client.channel_open_session().await.unwrap());
    }
    assert!(client.channel_open_session().await.is_err());
    let last = open.pop().unwrap();
    last.exec(true, "true").await.unwrap();
    assert_eq!(finish(last).await.1, Some(0));
    assert!(client.channel_open_session().await.is_ok(), "an ended channel makes room");
}

#[tokio::test]
async fn signals_reach_the_program_and_come_back() {
    let (client, _serving) = login().await;
    let mut channel = client.channel_open_session().await.unwrap();
    channel.exec(true, "trap 'echo caught' USR1; echo ready; while :; do sleep 0.05; done").await.unwrap();
    let mut output = Vec::new();
    let mut asked = false;
    loop {
        match channel.wait().await.expect("the channel ended too early") {
            ChannelMsg::Data { data } => output.extend_from_slice(&data),
            _ => continue,
        }
        if !asked && output.ends_with(b"ready\n") {
            channel.signal(Sig::USR1).await.unwrap();
            channel.signal(Sig::Custom("NO-SUCH-SIGNAL".into())).await.unwrap();
            asked = true;
        }
        if output.ends_with(b"caught\n") {
            break;
        }
    }
    channel.signal(Sig::TERM).await.unwrap();
    let (_, status, signal, _) = finish(channel).await;
    assert_eq!((status, signal.as_deref()), (Some(255), Some("TERM")));
}

#[tokio::test]
async fn serve_returns_when_the_client_is_gone_and_its_program_too() {
    let (client, serving) = login().await;
    let mut channel = client.channel_open_session().await.unwrap();
    channel.exec(true, "echo $$; sleep 1000").await.unwrap();
    let pid = loop {
        if let ChannelMsg::Data { data } = channel.wait().await.expect("the channel ended too early") {
            break String::from_utf8_lossy(&data).trim().to_owned();
        }
    };
    drop((client, channel));
    serving.await.unwrap();
    assert!(!std::path::Path::new("/proc").join(pid).exists(), "killed and reaped");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_log_in_is_dropped() {
    let check = async |said: &[u8]| {
        let (mut client, serving) = server();
        let _ = client.write_all(said).await;
        let mut heard = Vec::new();
        let _ = client.read_to_end(&mut heard).await;
        serving.await.unwrap();
        assert!(heard.starts_with(b"SSH-2.0-Homeport_"), "{said:?}");
    };
    check(b"").await;
    check(b"SSH-2.0-slow\r\n").await;
    check(b"GET / HTTP/1.1\r\n\r\n").await;
    check(&[b'x'; 100_000]).await;
    check(&[&b"SSH-2.0-x\r\n"[..], &[0xff; 64]].concat()).await;
    check(&[&b"SSH-2.0-x\r\n"[..], &[0, 0, 0, 12, 255, 20]].concat()).await;
}
