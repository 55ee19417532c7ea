//! Who sits at the machine may use the tunnel without being in any group; who does not, may not.
//!
//! `HOMEPORT_TEST_SABOTAGE=SEATED` seats nobody.

use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use tests::lab::{Seats, available};

use super::{Service, sabotaged};

const WAKE: &str = r#"{"id":1,"call":"wake"}"#;
const CONNECT: &str = r#"{"id":1,"call":"connect","url":"http://127.0.0.1:1","token":"canary"}"#;
const DISCONNECT: &str = r#"{"id":1,"call":"disconnect"}"#;
const ANN: &[&str] = &["--reuid", "65520", "--regid", "65520", "--clear-groups"];
const BOB: &[&str] = &["--reuid", "65521", "--regid", "65521", "--clear-groups"];
/// How long a change of seats may take until it counts.
const LIMIT: Duration = Duration::from_secs(5);

/// Asks until the answer is as expected.
fn becomes(service: &Service, who: &[&str], is_let_in: bool) {
    let start = Instant::now();
    while service.speak(who, WAKE).contains("done") != is_let_in {
        assert!(start.elapsed() < LIMIT, "{who:?} let in: {}, not {is_let_in}", !is_let_in);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_here_needs_no_group() {
    if !available("who_sits_here_needs_no_group") {
        return;
    }
    let seats = Seats::start().await;
    let service = Service::start_with("65510", &["--bus", seats.address()]);
    assert_eq!(service.speak(ANN, WAKE), "denied", "nobody sits here");
    let sit = async |who| {
        if !sabotaged("SEATED") {
            seats.sit(who).await
        }
    };
    sit(Some((65520, "user"))).await;
    becomes(&service, ANN, true);
    assert_eq!(service.speak(BOB, WAKE), "denied", "not even to the socket");
    let mode = |path: &std::path::Path| path.metadata().unwrap().mode() & 0o777;
    let socket = service.socket();
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o660, 0o750));

    // Ann takes the tunnel and Bob takes the desk: the tunnel stays hers, and he waits until she gives it up.
    assert!(service.speak(ANN, CONNECT).contains("done"));
    sit(Some((65521, "user"))).await;
    becomes(&service, ANN, false);
    assert_eq!(service.speak(BOB, WAKE), "", "he reaches the socket and is not heard");
    assert_eq!(service.ask(DISCONNECT), "", "root is not either");
    // The login screen is nobody's desk.
    sit(Some((65521, "greeter"))).await;
    becomes(&service, BOB, false);
    sit(Some((65520, "user"))).await;
    becomes(&service, ANN, true);
    assert!(service.speak(ANN, DISCONNECT).contains("done"));
    sit(None).await;
    becomes(&service, ANN, false);
    assert_eq!(service.speak(ANN, WAKE), "denied", "the way to the socket is closed again");

    // A logind that is gone seats nobody.
    sit(Some((65520, "user"))).await;
    becomes(&service, ANN, true);
    drop(seats);
    becomes(&service, ANN, false);
    assert!(!service.log().contains("canary"));
}
