//! The controls of tests: a row whose protection is taken away by name, in the test and never in the product, must be red.

/// Whether `HOMEPORT_TEST_SABOTAGE` names this row.
pub fn sabotaged(row: &str) -> bool {
    std::env::var("HOMEPORT_TEST_SABOTAGE").is_ok_and(|named| named == row)
}
