//! What a bad line does to frames: delay, jitter, loss, reordering, duplicates, flipped bits, a rate, a longest packet,
//! outages. Pure: the time is an argument, the luck a seed. Not here: where frames come from and go to (`wire`).

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Bytes before the packet of a frame: two addresses and a kind.
pub const FRAME_HEAD: usize = 14;
/// Frames that wait on a line; more are dropped as by any queue.
const QUEUE: usize = 4096;
/// A line with a rate holds what it carries in this time; more is dropped.
const BUFFER: Duration = Duration::from_millis(200);
/// A frame that is overtaken is this much later than the others.
const OVERTAKEN: Duration = Duration::from_millis(8);
/// What chances are counted in.
const WHOLE: u64 = 10_000;

/// The two ways of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the near end to the far one.
    Up,
    /// From the far end to the near one.
    Down,
}

/// How a line is, the same in both ways. Chances are in ten thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// Every frame is late by this.
    pub delay: Duration,
    /// And by up to this.
    pub jitter: Duration,
    /// Chance that a frame is lost.
    pub loss: u64,
    /// Chance that it is overtaken.
    pub reorder: u64,
    /// Chance that it comes twice.
    pub duplicate: u64,
    /// Chance that one of its bits is flipped.
    pub flip: u64,
    /// Bits in a second, if limited.
    pub rate: Option<u64>,
    /// Longest packet that fits, if limited; longer ones vanish without a word.
    pub longest: Option<usize>,
}

/// What became of frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Came out at the other end.
    pub carried: u64,
    /// Did not.
    pub dropped: u64,
    /// Of those, because they were too long.
    pub too_long: u64,
}

/// A frame on its way: when it is due, its number, its way, itself.
type OnTheWay = Reverse<(Duration, u64, Way, Vec<u8>)>;

/// See the module. Times are since any fixed moment.
#[derive(Debug)]
pub struct Emulator {
    conditions: Conditions,
    luck: u64,
    on_the_way: BinaryHeap<OnTheWay>,
    number: u64,
    /// When the last frame of each way has left the sender.
    free_at: [Duration; 2],
    down_until: Duration,
    counts: Counts,
}

impl Emulator {
    /// A perfect line; the same seed brings the same luck.
    pub fn new(seed: u64) -> Self {
        Self {
            conditions: Conditions::default(),
            luck: seed | 1,
            on_the_way: BinaryHeap::new(),
            number: 0,
            free_at: [Duration::ZERO; 2],
            down_until: Duration::ZERO,
            counts: Counts::default(),
        }
    }

    /// What becomes of frames from now on.
    pub fn set(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Nothing passes until then; what is on its way is lost.
    pub fn cut_until(&mut self, until: Duration) {
        self.down_until = until;
        self.counts.dropped += self.on_the_way.len() as u64;
        self.on_the_way.clear();
    }

    /// What became of frames so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A frame enters.
    pub fn offer(&mut self, way: Way, mut frame: Vec<u8>, now: Duration) {
        let Conditions { delay, jitter, loss, reorder, duplicate, flip, rate, longest } = self.conditions;
        let is_too_long = longest.is_some_and(|longest| frame.len() > longest + FRAME_HEAD);
        self.counts.too_long += u64::from(is_too_long);
        if is_too_long || now < self.down_until || self.on_the_way.len() >= QUEUE || self.happens(loss) {
            self.counts.dropped += 1;
            return;
        }
        let mut leaves = now;
        if let Some(rate) = rate {
            let free_at = &mut self.free_at[way as usize];
            if *free_at > now + BUFFER {
                self.counts.dropped += 1;
                return;
            }
            *free_at = (*free_at).max(now) + Duration::from_secs_f64(frame.len() as f64 * 8.0 / rate as f64);
            leaves = *free_at;
        }
        if self.happens(flip) && frame.len() > FRAME_HEAD {
            let bit = self.draw((frame.len() - FRAME_HEAD) as u64 * 8);
            frame[FRAME_HEAD + bit as usize / 8] ^= 1 << (bit % 8);
        }
        let late = Duration::from_nanos(self.draw(jitter.as_nanos() as u64 + 1));
        let overtaken = if self.happens(reorder) { OVERTAKEN } else { Duration::ZERO };
        let due = leaves + delay + late + overtaken;
        if self.happens(duplicate) {
            self.put(way, frame.clone(), due);
        }
        self.put(way, frame, due);
    }

    fn put(&mut self, way: Way, frame: Vec<u8>, due: Duration) {
        self.number += 1;
        self.on_the_way.push(Reverse((due, self.number, way, frame)));
    }

    /// The next frame that has arrived.
    pub fn poll(&mut self, now: Duration) -> Option<(Way, Vec<u8>)> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse((_, _, way, frame)) = self.on_the_way.pop()?;
        self.counts.carried += 1;
        Some((way, frame))
    }

    /// When the next one arrives.
    pub fn next_due(&self) -> Option<Duration> {
        self.on_the_way.peek().map(|Reverse((due, ..))| *due)
    }

    fn happens(&mut self, chance: u64) -> bool {
        chance > 0 && self.draw(WHOLE) < chance
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.luck ^= self.luck << 13;
        self.luck ^= self.luck >> 7;
        self.luck ^= self.luck << 17;
        self.luck.wrapping_mul(0x2545_f491_4f6c_dd1d) % below
    }
}
