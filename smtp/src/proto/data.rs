//! The text of DATA: where it ends, and what it is without the dots (RFC 5321 section 4.5.2).
//!
//! There is one end of data, CR LF `.` CR LF, and no other sequence is even similar: a CR or LF alone never begins or
//! ends a line here, so two servers that read the same bytes can only agree. A message that has one is spoilt
//! ([`Fault::BareLineEnd`]), and is read to its real end nevertheless; what comes behind it is not read at all.

/// Why a message cannot be taken as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A CR without LF, or an LF without CR.
    BareLineEnd,
    /// A NUL. RFC 2045 section 2.8 has none in 8-bit data, and no IMAP literal can carry one.
    Nul,
    /// More octets than the limit.
    TooLarge,
}

/// Counts the octets of a message and keeps its first fault; nothing is let through after one.
#[derive(Debug)]
pub(super) struct Tally {
    size: u64,
    limit: u64,
    fault: Option<Fault>,
}

impl Tally {
    pub(super) const fn new(limit: u64) -> Self {
        Tally { size: 0, limit, fault: None }
    }

    pub(super) fn emit(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.size = self.size.saturating_add(more);
        if self.size > self.limit {
            self.spoil(Fault::TooLarge);
        }
        if self.fault.is_none() {
            output.extend_from_slice(bytes);
        }
    }

    pub(super) fn spoil(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    pub(super) const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }
}

/// Takes the transparency dots out of a message, byte for byte the same for every chunking of the input.
#[derive(Debug)]
pub struct Unstuffer {
    place: Place,
    tally: Tally,
}

/// What has just been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// CR LF, or the command DATA.
    LineStart,
    /// A dot at the start of a line. It belongs to no message.
    Dot,
    /// That dot and a CR.
    DotCr,
    /// Something else.
    Text,
    /// A CR that is not out yet.
    Cr,
    /// The end of data.
    End,
}

impl Unstuffer {
    /// At the start of a message of at most `limit` octets.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Unstuffer { place: Place::LineStart, tally: Tally::new(limit) }
    }

    /// Reads `input` up to the end of data and appends what is message to `output`; says how much it has read. After a
    /// fault it goes on reading, and appends nothing more. One call appends at most one byte more than it reads.
    pub fn push(&mut self, input: &[u8], output: &mut Vec<u8>) -> usize {
        let mut rest = input;
        while self.place != Place::End
            && let Some((byte, after)) = rest.split_first()
        {
            if self.place == Place::Text {
                let run = rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n' | 0)).count();
                if let Some((run, after)) = rest.split_at_checked(run)
                    && !run.is_empty()
                {
                    self.tally.emit(run, output);
                    rest = after;
                    continue;
                }
            }
            self.byte(*byte, output);
            rest = after;
        }
        input.len().saturating_sub(rest.len())
    }

    fn byte(&mut self, byte: u8, output: &mut Vec<u8>) {
        self.place = match (self.place, byte) {
            (Place::DotCr, b'\n') => Place::End,
            (Place::LineStart, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::Cr, b'\n') => {
                self.tally.emit(b"\r\n", output);
                Place::LineStart
            }
            (Place::Cr | Place::DotCr, _) => {
                self.tally.spoil(Fault::BareLineEnd);
                self.tally.emit(b"\r", output);
                if byte == b'\r' { Place::Cr } else { self.text(byte, output) }
            }
            (_, b'\r') => Place::Cr,
            (_, byte) => self.text(byte, output),
        };
    }

    fn text(&mut self, byte: u8, output: &mut Vec<u8>) -> Place {
        match byte {
            b'\n' => self.tally.spoil(Fault::BareLineEnd),
            0 => self.tally.spoil(Fault::Nul),
            _ => {}
        }
        self.tally.emit(&[byte], output);
        Place::Text
    }

    /// Has the end of data been read?
    #[must_use]
    pub fn ended(&self) -> bool {
        self.place == Place::End
    }

    /// The first fault there was.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.tally.fault()
    }

    /// Octets of the message so far, those after a fault too, as RFC 1870 section 5 counts: CRLFs count, transparency
    /// dots and the end of data don't.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tally.size()
    }
}

#[cfg(test)]
mod tests;
