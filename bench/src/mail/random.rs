//! Numbers that look random and are the same in every run.

use super::words::WORDS;

/// A generator (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits().checked_rem(end).unwrap_or_default()
    }

    /// An English word; the frequent ones come often.
    pub(super) fn word(&mut self) -> &'static str {
        let count = WORDS.len() as u64;
        // Twice drawn, the smaller counts: a slope like that of a language, the frequent words standing first.
        let place = self.below(count).min(self.below(count)).min(self.below(count));
        usize::try_from(place).ok().and_then(|place| WORDS.get(place)).copied().unwrap_or("the")
    }

    /// A name that no other is likely to have.
    pub(super) fn name(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ba", "dor", "el", "fin", "gra", "hu", "ing", "ka", "lo", "mer", "nis", "or", "pe", "ri", "sto",
            "va",
        ];
        let pick =
            |random: &mut Self| SYLLABLES.get((random.bits() >> 60) as usize).copied().unwrap_or_default();
        (0..4).map(|_| pick(self)).collect()
    }

    /// That many characters of base64.
    pub(super) fn base64(&mut self, count: usize) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::with_capacity(count);
        while text.len() < count {
            let mut left = self.bits();
            for _ in 0..10.min(count - text.len()) {
                text.push(char::from(ALPHABET.get((left & 63) as usize).copied().unwrap_or(b'A')));
                left >>= 6;
            }
        }
        text
    }
}
