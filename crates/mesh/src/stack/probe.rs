//! When to repeat a segment though no acknowledgement says that it is lost: the probe of a lost tail (RFC 8985, 7).
//!
//! smoltcp waits at least a second for an acknowledgement. The last segments of a burst have nothing behind them whose
//! arrival would show their loss, so a question that lost its end would take that second. Here round trips are measured,
//! and silence of two of them is a loss. One probe per silence: after it smoltcp's own timer counts. Not here: the
//! repetition, `flow`; a lost SYN or FIN, which have the second.

use std::time::{Duration, Instant};

use super::relayed::is_before;

/// Clocks and schedulers are no better than this.
const LEAST: Duration = Duration::from_millis(10);
/// What peers may hold an acknowledgement back: ours 10 ms, Linux mostly 40 ms.
const ACKNOWLEDGEMENT_DELAY: Duration = Duration::from_millis(40);

/// smoltcp's own timer does not run out before a second of silence.
const TIMER_NEAR: Duration = Duration::from_millis(900);

/// See the module; one per connection.
#[derive(Debug, Default)]
pub struct Probe {
    /// Round trip (RFC 6298, 2).
    smoothed: Option<Duration>,
    /// A segment that is measured: its end and when it was sent.
    measured: Option<(u32, Instant)>,
    acknowledged: Option<u32>,
    /// When something was sent or acknowledged last.
    moved: Option<Instant>,
    due: Option<Instant>,
}

impl Probe {
    /// A segment that ends here was sent, for the first time or again.
    pub fn note_sent(&mut self, end: u32, is_new: bool, now: Instant) {
        self.moved = Some(now);
        if is_new {
            self.measured.get_or_insert((end, now));
            self.arm(now);
        } else {
            // Nobody could say which of the two is acknowledged.
            self.measured = None;
            self.due = None;
        }
    }

    /// Everything before this number has arrived; so many bytes are under way.
    pub fn note_acknowledgement(&mut self, number: u32, under_way: usize, now: Instant) {
        if let Some((_, sent)) = self.measured.take_if(|(end, _)| !is_before(number, *end)) {
            let sample = now.saturating_duration_since(sent);
            self.smoothed = Some(self.smoothed.map_or(sample, |smoothed| (smoothed * 7 + sample) / 8));
        }
        if self.acknowledged.replace(number) != Some(number) {
            self.due = None;
            self.moved = Some(now);
            if under_way > 0 {
                self.arm(now);
            }
        }
    }

    fn arm(&mut self, now: Instant) {
        self.due = self.smoothed.map(|smoothed| now + (2 * smoothed).max(LEAST) + ACKNOWLEDGEMENT_DELAY);
    }

    /// When [`Probe::take_due`] must be asked.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether smoltcp's own timer, of a second and of a round trip or more, may run out at any time. A round trip of a
    /// second without a word is nothing of the kind.
    pub fn is_timer_near(&self, now: Instant) -> bool {
        let usual = self.smoothed.unwrap_or_default() * 5 / 4;
        self.moved.is_some_and(|moved| now >= moved + usual.max(TIMER_NEAR))
    }

    /// Whether it is time, once.
    pub fn take_due(&mut self, now: Instant) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }
}
