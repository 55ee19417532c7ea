//! Sleep is heard of logind, and of nobody else on the bus: each waking makes every path doubtful, which costs.

use std::time::{Duration, Instant};

use tests::lab::{Seats, available};

use super::Service;

const WOKE: &str = "the machine woke up";
const WAKE: &str = r#"{"id":1,"call":"wake"}"#;
/// So many questions are answered before a signal that was sent first can still be on its way.
const QUESTIONS: usize = 20;
/// How long the service may take to hear it.
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn only_logind_says_that_the_machine_woke_up() {
    if !available("only_logind_says_that_the_machine_woke_up") {
        return;
    }
    let seats = Seats::start().await;
    let service = Service::start_with("65510", &["--bus", seats.address()]);
    let count = || service.log().matches(WOKE).count();
    let heard = async |before: usize| {
        let start = Instant::now();
        while count() == before {
            assert!(start.elapsed() < LIMIT, "logind is not heard");
            seats.wake().await;
            is_quiet(&service, &count);
        }
        while !is_quiet(&service, &count) {}
    };
    heard(0).await;
    let before = count();
    seats.wake_by_a_stranger().await;
    assert!(is_quiet(&service, &count), "a stranger is heard");
    assert_eq!(count(), before);
    heard(before).await;
}

/// Whether nothing more is heard during some questions.
fn is_quiet(service: &Service, count: &impl Fn() -> usize) -> bool {
    let before = count();
    (0..QUESTIONS).for_each(|_| assert!(service.ask(WAKE).contains("done")));
    count() == before
}
