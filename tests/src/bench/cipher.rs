//! What one core encrypts when it does nothing else: ChaCha20-Poly1305 of the library that the tunnel uses, on packets of
//! the tunnel's size.

use std::time::{Duration, Instant};

use anyhow::Context;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

/// The inner packet's length.
const PACKET: usize = 1280;

/// Megabits per second, encrypting in place during `span`.
pub fn megabits(span: Duration) -> anyhow::Result<f64> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).ok().context("no key")?;
    let key = LessSafeKey::new(key);
    let (mut packet, mut packets) = ([0x5a; PACKET], 0_u32);
    let start = Instant::now();
    while start.elapsed() < span {
        // Asking for the time costs as much as a small part of a packet; once for many.
        for _ in 0..64 {
            let mut nonce = [0; 12];
            nonce[..4].copy_from_slice(&packets.to_le_bytes());
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), &mut packet).ok().context("not encrypted")?;
            packet[..tag.as_ref().len()].copy_from_slice(tag.as_ref());
            packets += 1;
        }
    }
    let bits = f64::from(packets) * f64::from(u16::try_from(PACKET * 8)?);
    Ok(bits / 1e6 / start.elapsed().as_secs_f64())
}
