//! Two sessions, message by message.

use super::*;

/// A pair with keys; what one says is what the other hears.
struct Pair {
    now: Instant,
    a: Session,
    b: Session,
    space: Vec<u8>,
}

impl Pair {
    #[allow(clippy::disallowed_methods)]
    fn new() -> Self {
        let keys = [1, 2].map(|byte| NodePrivate::from_bytes([byte; 32]));
        let [a, b] = [0, 1].map(|at: usize| Session::new(&keys[at], keys[1 - at].public(), 7, 1));
        Self { now: Instant::now(), a, b, space: vec![0; 2048] }
    }

    fn join(&mut self) {
        let length = self.a.encrypt(&[], &mut self.space, self.now);
        let first = self.space[..length].to_vec();
        let Received::Answer(length) = self.b.decrypt(&first, None, &mut self.space, self.now) else { panic!() };
        let second = self.space[..length].to_vec();
        let Received::Answer(length) = self.a.decrypt(&second, None, &mut self.space, self.now) else { panic!() };
        let third = self.space[..length].to_vec();
        assert_eq!(self.b.decrypt(&third, None, &mut self.space, self.now), Received::Nothing);
    }

    /// Milliseconds, from now on, at which A says an empty word within so many seconds.
    fn words(&mut self, seconds: u64) -> Vec<u128> {
        let (start, mut said) = (self.now, Vec::new());
        while let Some(next) = self.a.next_timeout().filter(|next| *next <= start + Duration::from_secs(seconds)) {
            self.now = self.now.max(next);
            while self.a.handle_timeout(&mut self.space, self.now) > 0 {
                assert_eq!(kind(&self.space[..OVERHEAD]), Some(Kind::Data(7)));
                said.push((self.now - start).as_millis());
            }
        }
        said
    }

    /// B says something that A hears.
    fn hear(&mut self) {
        let length = self.b.encrypt(&[], &mut self.space, self.now);
        let word = self.space[..length].to_vec();
        assert_eq!(self.a.decrypt(&word, None, &mut self.space, self.now), Received::Nothing);
    }
}

#[test]
fn who_moves_says_a_word_at_once_and_until_something_is_heard() {
    let mut pair = Pair::new();
    pair.a.announce(pair.now);
    assert_eq!(pair.words(8), [0_u128; 0], "without keys there is nobody to tell");
    pair.join();
    assert_eq!(pair.words(8), [0_u128; 0], "nothing has changed");
    pair.a.announce(pair.now);
    assert_eq!(pair.words(8), [0, 1000, 2000, 3000]);
    // What arrives in the moment of the move was sent to the old address.
    pair.a.announce(pair.now);
    pair.hear();
    assert_eq!(pair.words(1), [0, 1000]);
    pair.hear();
    assert_eq!(pair.words(8), [0_u128; 0]);
    // Keys that are dead say nothing.
    pair.now += LIFE;
    pair.a.announce(pair.now);
    assert_eq!(pair.a.word_at, None);
}
