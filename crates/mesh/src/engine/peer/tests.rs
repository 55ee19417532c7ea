//! What of WireGuard's own talk begins the search for a path.

use std::time::Instant;

use proto::key::DiscoPrivate;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::engine::output::Output;

const CANDIDATE: ([u8; 4], u16) = ([192, 0, 2, 7], 7);

#[test]
fn every_handshake_message_begins_a_search() {
    let check = |what: &str, act: fn(&mut Peer, &mut Session, &mut Wire, Instant), expected: bool| {
        #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
        let now = Instant::now();
        let (ours, theirs) = (NodePrivate::from_bytes([1; 32]), NodePrivate::from_bytes([2; 32]));
        let random = ChaCha12Rng::from_seed([3; 32]);
        let mut wire = Wire::new(DiscoPrivate::from_bytes([4; 32]), ours.public(), false, random);
        let config = PeerConfig {
            id: PeerId(uuid::Uuid::from_bytes([5; 16])),
            key: theirs.public(),
            disco: DiscoPrivate::from_bytes([6; 32]).public(),
            addresses: Vec::new(),
            home: 1,
        };
        let mut peer = Peer::new(config, &ours, 1, &mut wire);
        peer.path.set_node_endpoints(&[CANDIDATE.into()], now);
        let mut other = Session::new(&theirs, ours.public(), 1, 7);
        act(&mut peer, &mut other, &mut wire, now);
        let mut outputs = std::iter::from_fn(|| wire.outputs.pop());
        let is_pinged = outputs.any(|output| matches!(output, Output::Udp(batch) if batch.to == CANDIDATE.into()));
        assert_eq!((is_pinged, peer.path.is_active(now)), (expected, expected), "{what}");
    };
    check("nothing", |_, _, _, _| {}, false);
    check("a timer without work", |peer, _, wire, now| peer.handle_timeout(wire, now), false);
    check("data", |peer, _, wire, now| peer.send(&[0; 40], wire, now), true);
    check("an initiation", |peer, _, wire, now| peer.keep_alive(Duration::from_secs(25), wire, now), true);
    check("nonsense", |peer, _, wire, now| assert!(peer.receive(&[1; 148], Via::Relay(1), wire, now).is_none()), false);
    check(
        "a response",
        |peer, other, wire, now| {
            let mut space = [0; 148];
            assert_eq!(other.encrypt(&[], &mut space, now), 148);
            assert!(peer.receive(&space, Via::Relay(1), wire, now).is_none());
        },
        true,
    );
}
