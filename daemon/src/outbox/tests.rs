//! The outbox keeps order, keeps items until they are told, and has a bound.

use super::Outbox;

#[tokio::test]
async fn in_order_until_popped() {
    let outbox = Outbox::new(3);
    assert!(outbox.push(1) && outbox.push(2) && outbox.push(3));
    assert!(!outbox.push(4), "a full outbox takes nothing");
    assert_eq!((outbox.front().await, outbox.front().await), (1, 1), "reading does not remove");
    outbox.pop();
    assert!(outbox.push(5));
    let mut rest = vec![];
    while !outbox.is_empty() {
        rest.push(outbox.front().await);
        outbox.pop();
    }
    assert_eq!(rest, [2, 3, 5]);
}

#[tokio::test]
async fn the_reader_wakes() {
    let outbox = Outbox::new(1);
    let (item, ()) = tokio::join!(outbox.front(), async {
        assert!(outbox.push("late"));
    });
    assert_eq!(item, "late");
}
