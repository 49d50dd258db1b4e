//! zstd contexts that are used again and again. One per thread of a small pool: a context per request costs half as much
//! CPU again.

use super::error::BodyError;

/// The zstd level of bodies.
const LEVEL: i32 = 3;

/// Compresses bodies, one whole frame each.
pub struct Compressor(zstd::bulk::Compressor<'static>);

impl Compressor {
    /// A context at the store's level.
    ///
    /// # Errors
    /// [`BodyError::Compression`] when zstd can't make one.
    pub fn new() -> Result<Self, BodyError> {
        zstd::bulk::Compressor::new(LEVEL).map(Self).map_err(BodyError::Compression)
    }

    /// One zstd frame that holds `raw`.
    ///
    /// # Errors
    /// [`BodyError::Compression`] when zstd fails (memory).
    pub fn compress(&mut self, raw: &[u8]) -> Result<Vec<u8>, BodyError> {
        self.0.compress(raw).map_err(BodyError::Compression)
    }
}

/// Decompresses bodies up to a cap.
pub struct Decompressor {
    context: zstd::bulk::Decompressor<'static>,
    cap: usize,
}

impl Decompressor {
    /// A context that makes no body of more than `cap` bytes.
    ///
    /// # Errors
    /// [`BodyError::Compression`] when zstd can't make one.
    pub fn new(cap: usize) -> Result<Self, BodyError> {
        let context = zstd::bulk::Decompressor::new().map_err(BodyError::Compression)?;
        Ok(Self { context, cap })
    }

    /// The bytes of `frame`, which must be exactly `length`.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] beyond the cap, before anything is allocated; [`BodyError::Compression`] for a frame that is
    /// no zstd frame of that length.
    pub fn decompress(&mut self, frame: &[u8], length: u32) -> Result<Vec<u8>, BodyError> {
        let wanted = usize::try_from(length).unwrap_or(usize::MAX);
        if wanted > self.cap {
            return Err(BodyError::TooLarge { length: u64::from(length), cap: self.cap as u64 });
        }
        let mut raw = Vec::with_capacity(wanted);
        let got = self.context.decompress_to_buffer(frame, &mut raw).map_err(BodyError::Compression)?;
        if got == wanted {
            Ok(raw)
        } else {
            Err(BodyError::Compression(std::io::ErrorKind::InvalidData.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back() {
        let raw: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let frame = Compressor::new().unwrap().compress(&raw).unwrap();
        assert!(frame.len() < raw.len() / 10);
        assert_eq!(Decompressor::new(raw.len()).unwrap().decompress(&frame, 100_000).unwrap(), raw);
    }

    #[test]
    fn a_bomb_is_refused() {
        let frame = Compressor::new().unwrap().compress(&vec![0; 10_000_000]).unwrap();
        let mut small = Decompressor::new(1000).unwrap();
        assert!(matches!(small.decompress(&frame, 10_000_000), Err(BodyError::TooLarge { .. })));
        // a length that lies does not make room for the rest
        assert!(matches!(small.decompress(&frame, 1000), Err(BodyError::Compression(_))));
        assert!(matches!(small.decompress(b"no frame", 3), Err(BodyError::Compression(_))));
    }
}
