//! Access lists as the kernel takes them.

use std::collections::BTreeSet;

use super::encode;

#[test]
fn users_get_what_the_group_has_in_their_order() {
    let entry = |tag: u8, permissions: u8, id: u32| [&[tag, 0, permissions, 0][..], &id.to_le_bytes()].concat();
    let rows = [
        (
            0o660,
            vec![],
            vec![entry(1, 6, u32::MAX), entry(4, 6, u32::MAX), entry(16, 6, u32::MAX), entry(32, 0, u32::MAX)],
        ),
        (
            0o750,
            vec![1001, 1000],
            vec![
                entry(1, 7, u32::MAX),
                entry(2, 5, 1000),
                entry(2, 5, 1001),
                entry(4, 5, u32::MAX),
                entry(16, 5, u32::MAX),
                entry(32, 0, u32::MAX),
            ],
        ),
    ];
    for (mode, users, entries) in rows {
        let expect = [vec![2, 0, 0, 0], entries.concat()].concat();
        assert_eq!(encode(mode, &BTreeSet::from_iter(users)), expect, "{mode:o}");
    }
}
