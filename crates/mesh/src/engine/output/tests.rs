//! Batches: which datagrams lie together.

use super::*;

type To = ([u8; 4], u16);
/// A datagram as (to, expected, written).
type Queued = (To, usize, usize);
/// A batch as (to, datagram lengths).
type Batch<'a> = (To, &'a [usize]);

const A: To = ([192, 0, 2, 1], 1);
const B: To = ([192, 0, 2, 2], 2);

/// Queues datagrams and lists the batches.
fn batches(given: &[Queued]) -> Vec<(SocketAddr, Vec<usize>)> {
    let mut outputs = Outputs::default();
    for &(to, expected, written) in given {
        outputs.datagram(to.into(), expected, |space| {
            space[..written].fill(7);
            written
        });
    }
    std::iter::from_fn(|| outputs.pop())
        .map(|output| match output {
            Output::Udp(batch) => (batch.to, batch.iter().map(<[u8]>::len).collect()),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn datagrams_of_one_size_to_one_destination_share_a_batch() {
    let check = |given: &[Queued], expected: &[Batch<'_>]| {
        let expected: Vec<_> = expected.iter().map(|(to, sizes)| (SocketAddr::from(*to), sizes.to_vec())).collect();
        assert_eq!(batches(given), expected, "{given:?}");
    };
    check(&[], &[]);
    check(&[(A, 100, 0)], &[]);
    check(&[(A, 1312, 1312), (A, 1312, 1312)], &[(A, &[1312, 1312])]);
    check(&[(A, 1312, 1312), (A, 92, 92), (A, 92, 92)], &[(A, &[1312, 92]), (A, &[92])]);
    check(&[(A, 92, 92), (A, 1312, 1312)], &[(A, &[92]), (A, &[1312])]);
    check(&[(A, 92, 92), (B, 92, 92), (A, 92, 92)], &[(A, &[92]), (B, &[92]), (A, &[92])]);
    check(&[(A, 92, 92), (A, 92, 148)], &[(A, &[92]), (A, &[148])]);
    check(&[(A, 1312, 148), (A, 148, 148)], &[(A, &[148, 148])]);
    check(&[(A, 1312, 1312), (A, 1312, 0)], &[(A, &[1312])]);
    let many = batches(&[(A, 200, 200); 65]);
    assert_eq!(many.iter().map(|(_, sizes)| sizes.len()).collect::<Vec<_>>(), [64, 1]);
    let large = batches(&[(A, 1312, 1312); 50]);
    assert_eq!(large.iter().map(|(_, sizes)| sizes.len()).collect::<Vec<_>>(), [49, 1]);
}

#[test]
fn packets_are_cut_from_one_allocation() {
    let mut outputs = Outputs::default();
    let mut cut = Vec::new();
    for length in [1280, 60, 1, 65_000, 100_000] {
        let byte = u8::try_from(cut.len()).unwrap();
        outputs.space(length)[..length].fill(byte);
        cut.push(outputs.cut(length));
    }
    for (byte, packet) in cut.iter().enumerate() {
        assert!(packet.iter().all(|found| usize::from(*found) == byte));
    }
    assert_eq!(cut.iter().map(BytesMut::len).collect::<Vec<_>>(), [1280, 60, 1, 65_000, 100_000]);
}
