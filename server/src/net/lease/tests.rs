//! Connections whose key is used, left alone or revoked meanwhile, at a given time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use proto::rest::Time;
use tokio::task::JoinHandle;

use super::of_user_by;
use crate::net::fixture::{Person, World};
use crate::state::Event;
use crate::store::{keys, now};

/// Nothing here takes this long unless it hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// A clock that is set by hand and counts how often it is looked at.
#[derive(Clone)]
struct Clock {
    start: Time,
    passed: Arc<AtomicI64>,
    looks: Arc<AtomicUsize>,
}

impl Clock {
    fn new() -> Self {
        Self { start: now(), passed: Arc::default(), looks: Arc::default() }
    }

    fn look(&self) -> Time {
        self.looks.fetch_add(1, Ordering::SeqCst);
        Time(self.start.0 + time::Duration::minutes(self.passed.load(Ordering::SeqCst)))
    }

    /// Returns when somebody looked this often since `before`.
    async fn looked(&self, before: usize, times: usize) {
        let look = async {
            while self.looks.load(Ordering::SeqCst) < before + times {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(LIMIT, look).await.expect("nobody looks at the clock");
    }
}

/// A connection of this person; it was opened when this returns.
async fn open(world: &World, person: &Person, clock: &Clock) -> JoinHandle<()> {
    let (state, user, its) = (world.state.clone(), person.user.clone(), clock.clone());
    let held = tokio::spawn(async move { of_user_by(&state, &user, || its.look()).await });
    clock.looked(0, 1).await;
    held
}

/// Any event makes a holder look at its clock.
fn wake(world: &World) {
    world.state.events.send(Event::KeyRevoked { key: "somebody's".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lives_on_with_a_session_that_is_used_and_ends_with_one_that_is_not() {
    let world = World::new().await;
    // Both end in an hour.
    let (used, idle) = (world.person("used").await, world.person("idle").await);
    let (of_used, of_idle) = (Clock::new(), Clock::new());
    let (held, left_alone) = (open(&world, &used, &of_used).await, open(&world, &idle, &of_idle).await);
    let (id, seen) = (used.user.key_id.clone(), used.user.expires_at);
    let end = Time(seen.0 + time::Duration::hours(9));
    assert!(world.rows(move |db| keys::extend(db, &id, seen, end, now())).await);

    for clock in [&of_used, &of_idle] {
        clock.passed.store(61, Ordering::SeqCst);
    }
    let before = of_used.looks.load(Ordering::SeqCst);
    wake(&world);
    tokio::time::timeout(LIMIT, left_alone).await.expect("an idle session ends").expect("no panic");
    // Once to see that the old end is over, once more after the new one was read.
    of_used.looked(before, 2).await;
    assert!(!held.is_finished());

    of_used.passed.store(10 * 60 + 1, Ordering::SeqCst);
    wake(&world);
    tokio::time::timeout(LIMIT, held).await.expect("it ends with the new end").expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_used_is_revoked_like_any_other() {
    let world = World::new().await;
    let (person, clock) = (world.person("one").await, Clock::new());
    let held = open(&world, &person, &clock).await;
    let (id, seen) = (person.user.key_id.clone(), person.user.expires_at);
    let end = Time(seen.0 + time::Duration::hours(9));
    assert!(world.rows(move |db| keys::extend(db, &id, seen, end, now())).await);
    world.revoke(&person.user).await;
    tokio::time::timeout(LIMIT, held).await.expect("it ends at once").expect("no panic");
    let never = Clock::new();
    let late = open_revoked(&world, &person, &never);
    tokio::time::timeout(LIMIT, late).await.expect("none is opened after that").expect("no panic");
}

/// A connection whose key went between the request and this.
fn open_revoked(world: &World, person: &Person, clock: &Clock) -> JoinHandle<()> {
    let (state, user, clock) = (world.state.clone(), person.user.clone(), clock.clone());
    tokio::spawn(async move { of_user_by(&state, &user, || clock.look()).await })
}
