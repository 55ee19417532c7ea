//! The device carries bulk: TCP through it, in super-packets both ways, arrives whole.

use tests::binary::{self, run};
use tests::lab::available;

use super::{ADDRESS, Home, PEER};

#[test]
fn sixty_megabytes_of_tcp_through_the_device_arrive_whole() {
    if !available("sixty_megabytes_of_tcp_through_the_device_arrive_whole") {
        return;
    }
    let home = Home::new();
    let _puppet = home.up();
    // The mirror turns a connection to PEER into one from PEER to us.
    let carry = binary::path("network").display().to_string();
    let said = run(&mut home.command(&["timeout", "60", &carry, "carry", ADDRESS, PEER, "60000000"]));
    assert!(said.starts_with("whole "), "{said}");
    assert_eq!(home.leaked(), 0);
}
