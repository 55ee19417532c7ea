//! What is said at the end of a ping.

use super::*;

#[test]
fn the_end_sums_up() {
    #[track_caller]
    fn check(sent: u32, given: &[(u64, bool)], expect: &str) {
        let pongs: Vec<Pong> = given
            .iter()
            .map(|(ms, direct)| Pong {
                latency: Duration::from_millis(*ms),
                path: if *direct { Path::Direct("192.0.2.1:9".parse().unwrap()) } else { Path::Relay(999) },
            })
            .collect();
        assert_eq!(summary(sent, &pongs), expect);
    }
    check(0, &[], "0 sent, 0 answered, 0 of them directly");
    check(3, &[], "3 sent, 0 answered, 0 of them directly");
    check(
        3,
        &[(2, false), (4, true)],
        "3 sent, 2 answered, 1 of them directly; least 2.0 ms, mean 3.0 ms, most 4.0 ms",
    );
}
