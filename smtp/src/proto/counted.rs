//! The text of BDAT: so many octets, and no other end (RFC 3030 section 2).
//!
//! BINARYMIME is not offered, so a message that comes in chunks is text like any other: its lines end in CR LF, whatever
//! the edges of the chunks. One whose lines do not is refused, though here nobody can take its end for another.

use super::data::{Fault, Tally};

/// Reads a message chunk by chunk, byte for byte the same for every chunking of the input and of the message.
#[derive(Debug)]
pub(super) struct Counted {
    /// Octets of the present chunk that are still to come.
    left: u64,
    last: bool,
    /// Was the octet before the next one a CR?
    cr: bool,
    tally: Tally,
}

impl Counted {
    /// Before the first chunk of a message of at most `limit` octets.
    pub(super) fn new(limit: u64) -> Self {
        Counted { left: 0, last: false, cr: false, tally: Tally::new(limit) }
    }

    /// A chunk of `size` octets begins; the one before has to be at its end.
    pub(super) fn begin(&mut self, size: u64, last: bool) {
        self.left = size;
        self.last = last;
        self.check_end();
    }

    /// Reads `input` up to the end of the chunk and appends it to `output`; says how much it has read. After a fault it
    /// goes on reading, and appends nothing more.
    pub(super) fn push(&mut self, input: &[u8], output: &mut Vec<u8>) -> usize {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let bytes = input.get(..room).unwrap_or(input);
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        for byte in bytes {
            match (self.cr, byte) {
                (true, b'\n') => {}
                (true, _) | (false, b'\n') => self.tally.spoil(Fault::BareLineEnd),
                (false, 0) => self.tally.spoil(Fault::Nul),
                (false, _) => {}
            }
            self.cr = *byte == b'\r';
        }
        self.check_end();
        self.tally.emit(bytes, output);
        bytes.len()
    }

    /// A CR at the very end has no LF.
    fn check_end(&mut self) {
        if self.ended() && self.cr {
            self.tally.spoil(Fault::BareLineEnd);
        }
    }

    /// Is the present chunk at its end?
    pub(super) fn chunk_ended(&self) -> bool {
        self.left == 0
    }

    /// Was it the last one?
    pub(super) fn ended(&self) -> bool {
        self.left == 0 && self.last
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.tally.fault()
    }

    pub(super) fn size(&self) -> u64 {
        self.tally.size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the chunks, the bytes of each `cut` at a time.
    fn read(chunks: &[&[u8]], cut: usize, limit: u64) -> (Vec<u8>, Option<Fault>) {
        let (mut counted, mut output) = (Counted::new(limit), Vec::new());
        for (at, chunk) in chunks.iter().enumerate() {
            let last = at + 1 == chunks.len();
            counted.begin(chunk.len() as u64, last);
            for part in chunk.chunks(cut) {
                assert_eq!(counted.push(part, &mut output), part.len());
            }
            assert!(counted.chunk_ended() && counted.ended() == last);
            assert_eq!(counted.push(b"QUIT\r\n", &mut output), 0, "behind the end");
        }
        (output, counted.fault())
    }

    #[test]
    fn octets_are_taken_as_they_are() {
        for cut in [1, 2, 100] {
            let message: [&[u8]; 4] = [b"a: b\r", b"\n\r\n.\r\n", b"..\r\n.\r\n", b""];
            assert_eq!(read(&message, cut, 99), (b"a: b\r\n\r\n.\r\n..\r\n.\r\n".to_vec(), None), "{cut}");
            assert_eq!(read(&[b"no end of line"], cut, 14), (b"no end of line".to_vec(), None), "{cut}");
        }
    }

    #[test]
    fn faults_are_found_across_the_edges() {
        for cut in [1, 2, 100] {
            for bare in [
                &[&b"a\n"[..]][..],
                &[b"a\r", b"b"],
                &[b"a\r\r\n"],
                &[b"a\r"],
                &[b"a\r", b""],
                &[b"a", b"\n"],
            ] {
                assert_eq!(read(bare, cut, 99).1, Some(Fault::BareLineEnd), "{bare:?} {cut}");
            }
            assert_eq!(read(&[b"a\0b"], cut, 99).1, Some(Fault::Nul));
            assert_eq!(read(&[b"abc", b"d"], cut, 3).1, Some(Fault::TooLarge));
        }
    }
}
