//! L2: a burst is one value per key, and what waits is bounded.

use proto::id::AgentId;
use proto::rest::Time;
use uuid::Uuid;

use super::{Latest, MAX_WAITING, Value};

fn value(text: &str) -> Value {
    Value { value: text.into(), error: String::new(), collected_at: Time::ZERO }
}

#[test]
fn the_last_value_of_a_burst_wins() {
    let (latest, agent) = (Latest::default(), AgentId(Uuid::from_u128(1)));
    for number in 0..10_000 {
        assert!(!latest.put(agent, format!("key{}", number % 3), value(&number.to_string())));
    }
    let taken = latest.take();
    assert_eq!(taken.len(), 3);
    for (key, expect) in [("key0", "9999"), ("key1", "9997"), ("key2", "9998")] {
        assert_eq!(taken[&(agent, key.to_owned())].value, expect);
    }
    assert!(latest.take().is_empty());
}

#[test]
fn too_much_is_written_at_once() {
    let latest = Latest::default();
    for number in 1..=MAX_WAITING {
        let agent = AgentId(Uuid::from_u128(number as u128));
        assert_eq!(latest.put(agent, "key".into(), value("x")), number == MAX_WAITING, "{number}");
    }
}
