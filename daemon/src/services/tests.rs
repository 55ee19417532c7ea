//! Places are bounded per peer and in total, and come back.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use super::{MAX_PER_PEER, MAX_TOTAL, Quota};

fn peer(number: u16) -> IpAddr {
    Ipv6Addr::new(0xfd60, 0, 0, 0, 0, 0, 0, number).into()
}

#[test]
fn one_peer_cannot_take_the_places_of_others() {
    let quota = Arc::new(Quota::default());
    let mut places: Vec<_> = (0..MAX_PER_PEER).map(|_| quota.take(peer(1)).unwrap()).collect();
    assert!(quota.take(peer(1)).is_none());
    assert!(quota.take(peer(2)).is_some());
    places.pop();
    assert!(quota.take(peer(1)).is_some());
    drop(places);
    assert!(quota.lock().is_empty(), "every place came back");
}

#[test]
fn all_peers_together_have_a_bound() {
    let quota = Arc::new(Quota::default());
    let places: Vec<_> =
        (0..u16::try_from(MAX_TOTAL).unwrap()).map(|number| quota.take(peer(number)).unwrap()).collect();
    assert!(quota.take(peer(60_000)).is_none());
    drop(places);
    assert!(quota.take(peer(60_000)).is_some());
}
