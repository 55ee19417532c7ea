//! Logs: lines are split and cleaned, batched by age, bounded with a counted gap, and repeated until acknowledged.

use std::time::Duration;

use proto::agent::{Log, LogLevel};
use proto::id::LogSourceId;
use proto::wkt::Timestamp;
use uuid::Uuid;

use super::{LogQueue, MAX_AGE, MAX_BYTES, Next};
use crate::logs::lines::{LineSplitter, MAX_LINE, clean};

const AT: Timestamp = Timestamp { seconds: 7, nanos: 0 };

fn source(number: u128) -> LogSourceId {
    LogSourceId(Uuid::from_u128(number))
}

fn split(pieces: &[&[u8]]) -> Vec<String> {
    let mut splitter = LineSplitter::default();
    let mut lines = vec![];
    for piece in pieces {
        splitter.push(piece, |line| lines.push(line));
    }
    lines.extend(splitter.finish());
    lines
}

#[test]
fn output_becomes_lines() {
    let check = |pieces: &[&[u8]], expect: &[&str]| assert_eq!(split(pieces), expect, "{pieces:?}");
    check(&[], &[]);
    check(&[b""], &[]);
    check(&[b"one"], &["one"]);
    check(&[b"one\n"], &["one"]);
    check(&[b"o", b"n", b"e\ntw", b"o\n"], &["one", "two"]);
    check(&[b"\n\n"], &["", ""]);
    check(&[b"dos\r\nlone\rreturn\r\n"], &["dos", "lone\rreturn"]);
    check(&[b"split \xe2", b"\x82\xac\n"], &["split \u{20ac}"]);
    check(&[b"bad \xff\xfe end\n"], &["bad \u{274c}\u{274c} end"]);
    check(&[b"nul\0\n"], &["nul\u{274c}"]);
}

#[test]
fn a_kept_replacement_character_is_not_touched() {
    assert_eq!(clean("\u{fffd}".as_bytes()), "\u{fffd}");
}

#[test]
fn a_long_line_is_cut_and_says_so() {
    let long = vec![b'x'; MAX_LINE + 10];
    let lines = split(&[&long, b"yy\nnext\n"]);
    assert_eq!(lines.len(), 2);
    assert!(lines[0].ends_with("x … (12 bytes of this line were cut)"));
    assert!(lines[0].len() < MAX_LINE + 100);
    assert_eq!(lines[1], "next");
}

fn push(queue: &mut LogQueue, id: u128, text: &str, now: Duration) {
    queue.push(source(id), LogLevel::Info, text.to_owned(), AT, now);
}

fn texts(next: &Next) -> Vec<&str> {
    match next {
        Next::Batch(batch) => batch.logs.iter().map(|log| log.output.as_str()).collect(),
        other => panic!("no batch but {other:?}"),
    }
}

#[test]
fn a_line_waits_for_company_but_not_long() {
    let mut queue = LogQueue::default();
    let start = Duration::from_secs(100);
    assert_eq!(queue.next(start), Next::Nothing);
    push(&mut queue, 1, "a", start);
    push(&mut queue, 1, "b", start + MAX_AGE / 2);
    assert_eq!(queue.next(start + MAX_AGE / 2), Next::At(start + MAX_AGE));
    assert_eq!(texts(&queue.next(start + MAX_AGE)), ["a", "b"]);
}

#[test]
fn a_flush_does_not_wait() {
    let mut queue = LogQueue::default();
    push(&mut queue, 1, "a", Duration::ZERO);
    push(&mut queue, 2, "b", Duration::ZERO);
    queue.flush();
    assert_eq!(texts(&queue.next(Duration::ZERO)), ["a"]);
    queue.sent(false);
    assert_eq!(texts(&queue.next(Duration::ZERO)), ["b"]);
    queue.sent(false);
    assert!(queue.is_settled());
    assert_eq!(queue.next(Duration::ZERO), Next::Nothing);
    push(&mut queue, 1, "c", Duration::ZERO);
    assert_eq!(queue.next(Duration::ZERO), Next::At(MAX_AGE), "a flush is over once all was sent");
}

#[test]
fn a_batch_is_repeated_until_it_is_acknowledged() {
    let mut queue = LogQueue::default();
    push(&mut queue, 1, "a", Duration::ZERO);
    let first = queue.next(MAX_AGE);
    push(&mut queue, 1, "b", MAX_AGE);
    assert_eq!(queue.next(MAX_AGE), first);
    assert!(!queue.is_settled());
    queue.sent(false);
    assert_eq!(texts(&queue.next(MAX_AGE * 2)), ["b"]);
}

#[test]
fn an_overflow_leaves_a_counted_gap_in_its_place() {
    let mut queue = LogQueue::default();
    let line = "x".repeat(60_000);
    let mut pushed = 0;
    while queue.bytes + line.len() + 1000 <= MAX_BYTES {
        push(&mut queue, 1, &line, Duration::ZERO);
        pushed += 1;
    }
    for _ in 0..3 {
        push(&mut queue, 1, &line, Duration::ZERO);
    }
    push(&mut queue, 2, &line, Duration::ZERO);
    assert!(queue.bytes <= MAX_BYTES);

    let batch = queue.next(MAX_AGE);
    let sent = texts(&batch);
    assert_eq!(sent.len(), pushed + 1);
    assert!(sent[pushed].contains("3 log lines are missing here"), "{}", sent[pushed]);
    queue.sent(false);
    let other = queue.next(MAX_AGE);
    assert_eq!(texts(&other), ["[1 log lines are missing here: they came faster than the server took them]"]);
    queue.sent(false);
    assert_eq!(queue.bytes, 0, "every byte is given back");
    assert!(queue.is_settled());
}

#[test]
fn a_gap_stays_between_the_lines_around_it() {
    let mut queue = LogQueue::default();
    push(&mut queue, 1, &"x".repeat(MAX_BYTES / 2), Duration::ZERO);
    push(&mut queue, 1, &"y".repeat(MAX_BYTES), Duration::ZERO);
    push(&mut queue, 1, "after", Duration::ZERO);
    let batch = queue.next(MAX_AGE);
    let sent = texts(&batch);
    assert_eq!((sent.len(), sent[2]), (3, "after"));
    assert!(sent[1].contains("1 log lines are missing"));
}

#[test]
fn nothing_is_kept_once_the_server_is_full() {
    let mut queue = LogQueue::default();
    push(&mut queue, 1, "a", Duration::ZERO);
    queue.flush();
    assert_eq!(texts(&queue.next(Duration::ZERO)), ["a"]);
    push(&mut queue, 1, "b", Duration::ZERO);
    queue.sent(true);
    push(&mut queue, 1, "c", Duration::ZERO);
    assert_eq!(queue.next(MAX_AGE * 9), Next::Nothing);
    assert!(queue.is_settled());
    assert_eq!(queue.bytes, 0);
}

#[test]
fn a_batch_never_exceeds_the_bound() {
    let mut queue = LogQueue::default();
    for number in 0..100_000 {
        push(&mut queue, number % 3, "short", Duration::ZERO);
    }
    while let Next::Batch(batch) = queue.next(MAX_AGE) {
        let size: usize = batch.logs.iter().map(|log: &Log| log.output.len() + 21).sum();
        assert!(size <= MAX_BYTES, "{size}");
        queue.sent(false);
    }
}
