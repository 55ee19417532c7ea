//! Splicing: exact bytes, half-close, the other end's close.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

#[tokio::test]
async fn the_end_of_input_does_not_cut_the_answer() {
    let (ours, mut peer) = duplex(1000);
    let (input, mut typed) = duplex(1000);
    let (output, mut shown) = duplex(1_000_000);
    let spliced = tokio::spawn(join(ours, input, output));
    typed.write_all(b"question").await.unwrap();
    drop(typed);
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"question");
    let answer: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    peer.write_all(&answer[..200_000]).await.unwrap();
    peer.write_all(&answer[200_000..]).await.unwrap();
    drop(peer);
    assert_eq!(spliced.await.unwrap().unwrap(), 0);
    let mut got = Vec::new();
    shown.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, answer);
}

#[tokio::test]
async fn the_other_ends_close_ends_it_while_input_is_open() {
    let (ours, mut peer) = duplex(1000);
    let (input, _typed) = duplex(1000);
    let (output, mut shown) = duplex(1000);
    let spliced = tokio::spawn(join(ours, input, output));
    peer.write_all(b"bye").await.unwrap();
    drop(peer);
    assert_eq!(spliced.await.unwrap().unwrap(), 0);
    let mut got = Vec::new();
    shown.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"bye");
}

#[tokio::test]
async fn a_broken_connection_is_an_error() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            std::task::Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }
    let stream = tokio::io::join(Broken, tokio::io::sink());
    assert!(join(stream, tokio::io::empty(), tokio::io::sink()).await.is_err());
}
