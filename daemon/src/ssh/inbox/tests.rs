//! Tests of the queues and of the memory they account for.

use super::*;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn bytes_come_out_in_order_and_the_end_is_seen() {
    let backlog = Arc::new(Backlog::default());
    let (feed, mut inbox) = channel(&backlog);
    feed.push(b"hello ");
    feed.push(b"");
    feed.push(b"world");
    drop(feed);
    let mut small = [0; 4];
    inbox.read_exact(&mut small).await.unwrap();
    assert_eq!(&small, b"hell");
    let mut rest = Vec::new();
    inbox.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"o world");
    assert_eq!(backlog.bytes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn grants_become_a_trickle_until_readers_catch_up() {
    let backlog = Arc::new(Backlog::default());
    let (slow, mut slow_inbox) = channel(&backlog);
    let (other, other_inbox) = channel(&backlog);
    assert_eq!(backlog.next_window(), WINDOW);
    let piece = vec![0; 32 * 1024];
    while !backlog.is_congested() {
        slow.push(&piece);
    }
    assert_eq!(backlog.next_window(), TRICKLE);
    other.push(b"x");
    assert!(slow_inbox.next().await.is_some());
    assert!(slow_inbox.next().await.is_some());
    assert_eq!(backlog.next_window(), WINDOW);
    drop(slow_inbox);
    slow.push(&piece);
    drop(other_inbox);
    assert_eq!(backlog.bytes.load(Ordering::Relaxed), 0, "what nobody will read costs nothing");
}

#[tokio::test]
async fn tiny_packets_cost_more_than_their_bytes() {
    let backlog = Arc::new(Backlog::default());
    let (feed, _inbox) = channel(&backlog);
    for _ in 0..BACKLOG_LIMIT / PIECE_OVERHEAD {
        feed.push(b"x");
    }
    assert!(backlog.is_congested());
}
