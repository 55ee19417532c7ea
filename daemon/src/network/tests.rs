//! The number of a daemon in its node record.

use proto::id::AgentId;
use uuid::Uuid;

use super::node_id;

#[test]
fn the_number_of_a_daemon_is_never_negative() {
    let check = |low: u64, expect: i64| {
        assert_eq!(node_id(AgentId(Uuid::from_u64_pair(0xffff_ffff_ffff_ffff, low))), expect, "{low:x}");
    };
    check(1, 1);
    check(0x7fff_ffff_ffff_ffff, i64::MAX);
    check(0xffff_ffff_ffff_ffff, 1);
    check(0x8000_0000_0000_0001, i64::MAX);
    check(0x8000_0000_0000_0000, i64::MAX);
}
