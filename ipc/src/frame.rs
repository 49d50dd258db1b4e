//! What a packet holds: a version, a kind, and either an encoded message or a chunk of a body.

use std::os::fd::{AsFd, OwnedFd};

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroize;

use crate::codec::{self, CodecError};
use crate::socket::{CHUNK_MAX, Kind, Packet};

/// The version of everything said between compartments. Both ends come from one build, so there is only equality.
pub const VERSION: u8 = 1;

pub(crate) const MESSAGE: u8 = 0;
const CHUNK: u8 = 1;

/// A message of a service in one direction.
pub trait Message: Serialize + DeserializeOwned {
    /// The descriptors that this very message carries, in order. A packet with any others is refused.
    fn descriptors(&self) -> &'static [Kind] {
        &[]
    }
}

/// A frame that was received and found to be in form.
#[derive(Debug)]
pub enum Frame<M> {
    /// A message with its descriptors, as many and of the kinds that it declares.
    Message(M, Vec<OwnedFd>),
    /// A piece of the body that is `stream` on this channel.
    Chunk {
        /// Which body; 0 on channels that have one at a time.
        stream: u32,
        /// At most [`CHUNK_MAX`] bytes, never none.
        bytes: Vec<u8>,
    },
}

/// Why a packet is no frame of its channel. The channel is closed over any of them.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Shorter than its head.
    #[error("a frame without a head")]
    Headless,
    /// From another build.
    #[error("version {0}, not {VERSION}")]
    Version(u8),
    /// No such kind.
    #[error("unknown frame kind {0}")]
    UnknownKind(u8),
    /// An empty or oversized chunk, or one with descriptors.
    #[error("a chunk out of form")]
    Chunk,
    /// The message does not decode.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// Other descriptors than declared.
    #[error("descriptors do not match the declaration ({got} came, {declared} declared)")]
    Descriptors {
        /// How many came.
        got: usize,
        /// How many the message declares.
        declared: usize,
    },
}

/// The bytes of a message frame.
///
/// # Errors
/// When the message is too large.
pub fn message<M: Message>(message: &M) -> Result<Vec<u8>, CodecError> {
    codec::encode_behind(&[VERSION, MESSAGE], message)
}

/// The head of a chunk frame; the body's bytes follow it in the packet.
#[must_use]
pub fn chunk_head(stream: u32) -> [u8; 6] {
    let [a, b, c, d] = stream.to_le_bytes();
    [VERSION, CHUNK, a, b, c, d]
}

/// Reads a packet as a frame.
///
/// # Errors
/// When it is none; its descriptors are closed.
pub fn read<M: Message>(mut packet: Packet) -> Result<Frame<M>, FrameError> {
    match packet.bytes.as_slice() {
        [VERSION, MESSAGE, encoded @ ..] => {
            let decoded = codec::decode(encoded);
            // It may have held a password.
            packet.bytes.zeroize();
            let message: M = decoded?;
            let declared = message.descriptors();
            let got = packet.descriptors;
            let fits = got.len() == declared.len()
                && declared.iter().zip(&got).all(|(kind, descriptor)| kind.admits(descriptor.as_fd()));
            if fits {
                Ok(Frame::Message(message, got))
            } else {
                Err(FrameError::Descriptors { got: got.len(), declared: declared.len() })
            }
        }
        [VERSION, CHUNK, a, b, c, d, bytes @ ..] => {
            if bytes.is_empty() || bytes.len() > CHUNK_MAX || !packet.descriptors.is_empty() {
                return Err(FrameError::Chunk);
            }
            let stream = u32::from_le_bytes([*a, *b, *c, *d]);
            // In place: a chunk is large, and every byte of mail comes this way.
            packet.bytes.drain(..chunk_head(stream).len());
            Ok(Frame::Chunk { stream, bytes: packet.bytes })
        }
        [VERSION, kind, ..] => Err(FrameError::UnknownKind(*kind)),
        [version, _, ..] => Err(FrameError::Version(*version)),
        _ => Err(FrameError::Headless),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::pair;

    #[derive(serde::Serialize, serde::Deserialize, Debug)]
    enum Probe {
        Plain(u32),
        WithChannel,
    }
    impl Message for Probe {
        fn descriptors(&self) -> &'static [Kind] {
            match self {
                Probe::Plain(_) => &[],
                Probe::WithChannel => &[Kind::Channel],
            }
        }
    }

    fn packet(message_of: &Probe, descriptors: Vec<OwnedFd>) -> Packet {
        Packet { bytes: message(message_of).unwrap(), descriptors }
    }

    #[test]
    fn smuggled_missing_and_wrong_descriptors_are_refused() {
        let fd = || pair().unwrap().0;
        let file = || OwnedFd::from(std::fs::File::open("/proc/self/exe").unwrap());
        assert!(read::<Probe>(packet(&Probe::Plain(1), vec![])).is_ok());
        assert!(read::<Probe>(packet(&Probe::WithChannel, vec![fd()])).is_ok());
        for refused in [
            packet(&Probe::Plain(1), vec![fd()]),
            packet(&Probe::WithChannel, vec![]),
            packet(&Probe::WithChannel, vec![file()]),
            packet(&Probe::WithChannel, vec![fd(), fd()]),
            Packet { bytes: [&chunk_head(0)[..], b"x"].concat(), descriptors: vec![fd()] },
        ] {
            assert!(read::<Probe>(refused).is_err());
        }
    }

    #[test]
    fn frames_out_of_form_are_refused() {
        for bytes in
            [&[][..], &[VERSION], &[VERSION, 9], &[2, 0, 0], &[VERSION, MESSAGE, 9, 9], &chunk_head(3)]
        {
            assert!(
                read::<Probe>(Packet { bytes: bytes.to_vec(), descriptors: vec![] }).is_err(),
                "{bytes:?}"
            );
        }
    }
}
