//! Tests of the replay ring.

use super::*;

#[test]
fn the_last_bytes_are_kept_in_order() {
    let check = |pieces: &[usize]| {
        let (mut ring, mut all) = (Ring::default(), Vec::new());
        for (n, length) in pieces.iter().enumerate() {
            let piece: Vec<u8> = (0..*length).map(|at| (at * 7 + n) as u8).collect();
            ring.push(&piece);
            all.extend(piece);
        }
        let expect = &all[all.len().saturating_sub(REPLAY)..];
        assert!(ring.replay() == expect, "{pieces:?}");
        assert!(ring.bytes.len() <= REPLAY);
    };
    check(&[]);
    check(&[0, 1, 0]);
    check(&[REPLAY]);
    check(&[REPLAY - 1, 1]);
    check(&[REPLAY, 1]);
    check(&[1, REPLAY]);
    check(&[REPLAY + 1]);
    check(&[3 * REPLAY, 5, REPLAY / 2, REPLAY - 3, 1]);
}
