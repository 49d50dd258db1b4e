//! Segments as files of one directory.
//!
//! Space is set aside by `fallocate` without KEEP_SIZE: the length of the file then changes once a step and not with every
//! group, so that fdatasync has no inode to write; the disk is full before a group is begun and not in the middle of it. Blocks
//! are not zeroed ahead, which would write every byte twice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::{AtFlags, FallocateFlags, Mode, OFlags};
use rustix::io::{Errno, ReadWriteFlags, retry_on_intr};

use super::directory::{directory, lock, name, no_space_or, number, refuse_network};
use super::error::{OpenError, SegmentError};
use super::position::{Position, SegmentNumber};
use super::segment::{Durability, Geometry, ReadSegments, Segments};

const UNFINISHED: &str = "seg-unfinished";

/// The segments in a directory, under an exclusive lock.
#[derive(Debug)]
pub struct FileSegments {
    directory: OwnedFd,
    files: FileReader,
    geometry: Geometry,
    /// Up to where space is set aside in the segment that is being written.
    allocated: Position,
    /// Held as long as the directory is in use; the kernel lets go of it when the process ends.
    _lock: OwnedFd,
}

/// The files of a directory, shared with whoever reads.
#[derive(Clone, Debug, Default)]
pub struct FileReader(Arc<RwLock<BTreeMap<SegmentNumber, Arc<File>>>>);

impl FileSegments {
    /// Takes the lock on `path` and opens the segments in it. What an unfinished creation left behind is removed.
    ///
    /// # Errors
    /// [`OpenError::Locked`] when another process has it, [`OpenError::FileSystem`] on a network file system,
    /// [`OpenError::Geometry`], [`OpenError::NoFallocate`], and errors of the directory.
    pub fn open(path: &Path, geometry: Geometry) -> Result<Self, OpenError> {
        let geometry = geometry.checked()?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory =
            rustix::fs::openat(rustix::fs::CWD, path, flags, Mode::empty()).map_err(directory("open"))?;
        refuse_network(&directory)?;
        let lock = lock(&directory)?;
        let allocated = Position { segment: SegmentNumber(0), offset: 0 };
        let files = FileReader::default();
        let mut segments = Self { directory, files, geometry, allocated, _lock: lock };
        segments.remove_unfinished()?;
        segments.open_all()?;
        Ok(segments)
    }

    fn remove_unfinished(&self) -> Result<(), SegmentError> {
        match rustix::fs::unlinkat(&self.directory, UNFINISHED, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(directory("unlink")(error)),
        }
    }

    fn open_all(&mut self) -> Result<(), SegmentError> {
        for entry in rustix::fs::Dir::read_from(&self.directory).map_err(directory("list"))? {
            let entry = entry.map_err(directory("list"))?;
            let Some(segment) = entry.file_name().to_str().ok().and_then(number) else { continue };
            let file = self.open_file(&name(segment), OFlags::empty())?;
            self.files.insert(segment, file);
        }
        Ok(())
    }

    fn open_file(&self, name: &str, more: OFlags) -> Result<File, SegmentError> {
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | more;
        let file = rustix::fs::openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR);
        Ok(file.map_err(no_space_or("open"))?.into())
    }

    fn fill(
        &self,
        file: &File,
        segment: SegmentNumber,
        space: u64,
        content: &mut dyn Iterator<Item = Result<Vec<u8>, SegmentError>>,
    ) -> Result<u64, SegmentError> {
        let allocated = self.allocate(file, 0, space)?;
        let mut offset = 0;
        for chunk in content {
            let chunk = chunk?;
            write_whole(file, segment, offset, &[IoSlice::new(&chunk)])?;
            offset = offset.saturating_add(chunk.len() as u64);
        }
        rustix::fs::fsync(file).map_err(|error| SegmentError::Sync { segment, source: error.into() })?;
        Ok(allocated)
    }

    /// Sets space aside up to a whole step, or when there isn't as much, up to `end`; says up to where.
    fn allocate(&self, file: &File, allocated: u64, end: u64) -> Result<u64, SegmentError> {
        let wish = end.next_multiple_of(self.geometry.step).min(self.geometry.segment).max(end);
        for end in [wish, end] {
            let length = end.saturating_sub(allocated);
            match retry_on_intr(|| rustix::fs::fallocate(file, FallocateFlags::empty(), allocated, length)) {
                Ok(()) => return Ok(end),
                // part of it may have been taken, which must not be kept from the rest of the system
                Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => {
                    rustix::fs::ftruncate(file, allocated).map_err(directory("truncate"))?;
                }
                Err(error) => return Err(directory("fallocate")(error)),
            }
        }
        Err(SegmentError::NoSpace)
    }
}

impl Segments for FileSegments {
    type Reader = FileReader;

    fn reader(&self) -> FileReader {
        self.files.clone()
    }

    fn list(&self) -> Vec<SegmentNumber> {
        self.files.0.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn create(
        &mut self,
        segment: SegmentNumber,
        space: u64,
        content: &mut dyn Iterator<Item = Result<Vec<u8>, SegmentError>>,
    ) -> Result<(), SegmentError> {
        if self.files.get(segment).is_ok() {
            // to rename over it would lose mail
            return Err(directory("create")(Errno::EXIST));
        }
        let file = self.open_file(UNFINISHED, OFlags::CREATE | OFlags::TRUNC)?;
        let filled = self.fill(&file, segment, space, content).and_then(|allocated| {
            let renamed = rustix::fs::renameat(&self.directory, UNFINISHED, &self.directory, name(segment));
            renamed.map(|()| allocated).map_err(no_space_or("rename"))
        });
        let allocated = match filled {
            Ok(allocated) => allocated,
            Err(error) => {
                self.remove_unfinished()?;
                return Err(error);
            }
        };
        rustix::fs::fsync(&self.directory).map_err(directory("sync"))?;
        self.files.insert(segment, file);
        self.allocated = Position { segment, offset: allocated };
        Ok(())
    }

    fn reserve(&mut self, end: Position) -> Result<(), SegmentError> {
        if self.allocated.segment != end.segment {
            self.allocated = Position { segment: end.segment, offset: 0 };
        }
        if end.offset <= self.allocated.offset {
            return Ok(());
        }
        let file = self.files.get(end.segment)?;
        // of a segment of an earlier run it's unknown how far space was set aside: ask for all of it, but keep what's written
        let length = self.files.length(end.segment)?;
        if self.allocated.offset == 0 && length > 0 {
            retry_on_intr(|| rustix::fs::fallocate(&*file, FallocateFlags::empty(), 0, length))
                .map_err(no_space_or("fallocate"))?;
            self.allocated.offset = length;
        }
        if end.offset > self.allocated.offset {
            self.allocated.offset = self.allocate(&file, self.allocated.offset, end.offset)?;
        }
        Ok(())
    }

    fn append(
        &mut self,
        at: Position,
        parts: &[IoSlice<'_>],
        durability: Durability,
    ) -> Result<(), SegmentError> {
        let file = self.files.get(at.segment)?;
        write_whole(&file, at.segment, at.offset, parts)?;
        match durability {
            Durability::Durable => make_durable(&file, at.segment),
            Durability::Buffered => Ok(()),
        }
    }

    fn sync(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        make_durable(&*self.files.get(segment)?, segment)
    }

    fn trim(&mut self, end: Position) -> Result<(), SegmentError> {
        let file = self.files.get(end.segment)?;
        if self.files.length(end.segment)? <= end.offset {
            return Ok(());
        }
        if self.allocated.segment == end.segment {
            self.allocated.offset = self.allocated.offset.min(end.offset);
        }
        rustix::fs::ftruncate(&*file, end.offset).map_err(directory("truncate"))
    }

    fn remove(&mut self, segment: SegmentNumber) -> Result<(), SegmentError> {
        self.files.get(segment)?;
        rustix::fs::unlinkat(&self.directory, name(segment), AtFlags::empty())
            .map_err(directory("unlink"))?;
        self.files.0.write().unwrap_or_else(PoisonError::into_inner).remove(&segment);
        rustix::fs::fsync(&self.directory).map_err(directory("sync"))
    }
}

impl FileReader {
    fn get(&self, segment: SegmentNumber) -> Result<Arc<File>, SegmentError> {
        let files = self.0.read().unwrap_or_else(PoisonError::into_inner);
        files.get(&segment).cloned().ok_or(SegmentError::Unknown(segment))
    }

    fn insert(&self, segment: SegmentNumber, file: File) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(segment, Arc::new(file));
    }
}

impl ReadSegments for FileReader {
    fn read(&self, at: Position, buffer: &mut [u8]) -> Result<usize, SegmentError> {
        let file = self.get(at.segment)?;
        let mut done = 0_usize;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, at.offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(more) => done = done.saturating_add(more),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(SegmentError::Read { segment: at.segment, source }),
            }
        }
        Ok(done)
    }

    fn read_cached(&self, at: Position, buffer: &mut [u8]) -> Option<usize> {
        let file = self.get(at.segment).ok()?;
        let wanted = buffer.len();
        let mut buffers = [IoSliceMut::new(buffer)];
        // a part of it is in the page cache, the rest is not: that is for those who may wait, as every failure is
        let done = rustix::io::preadv2(&*file, &mut buffers, at.offset, ReadWriteFlags::NOWAIT);
        done.ok().filter(|done| *done == wanted)
    }

    fn length(&self, segment: SegmentNumber) -> Result<u64, SegmentError> {
        let metadata = self.get(segment)?.metadata();
        metadata.map(|metadata| metadata.len()).map_err(|source| SegmentError::Read { segment, source })
    }
}

fn write_whole(
    file: &File,
    segment: SegmentNumber,
    offset: u64,
    parts: &[IoSlice<'_>],
) -> Result<(), SegmentError> {
    let wanted = parts.iter().map(|part| part.len() as u64).sum();
    let written = loop {
        match rustix::io::pwritev(file, parts, offset) {
            // interrupted before the first byte: nothing was written
            Err(Errno::INTR) => {}
            Ok(written) => break written as u64,
            Err(error) => return Err(SegmentError::Write { segment, source: error.into() }),
        }
    };
    if written == wanted { Ok(()) } else { Err(SegmentError::ShortWrite { segment, written, wanted }) }
}

#[cfg(not(feature = "unsafe-no-fdatasync"))]
fn make_durable(file: impl AsFd, segment: SegmentNumber) -> Result<(), SegmentError> {
    rustix::fs::fdatasync(file).map_err(|error| SegmentError::Sync { segment, source: error.into() })
}

/// The negative control of the power-cut test: acknowledges what may be lost.
#[cfg(feature = "unsafe-no-fdatasync")]
fn make_durable(_file: impl AsFd, _segment: SegmentNumber) -> Result<(), SegmentError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_ours() {
        assert_eq!(number("seg-00000000000000ff.log"), Some(SegmentNumber(255)));
        for other in [
            "seg-ff.log",
            "seg-00000000000000FF.log",
            "seg-0000000000000000.log",
            "lock",
            UNFINISHED,
            "seg-.log",
        ] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn a_second_opener_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let first = FileSegments::open(place.path(), Geometry::default()).unwrap();
        assert!(matches!(FileSegments::open(place.path(), Geometry::default()), Err(OpenError::Locked)));
        drop(first);
        FileSegments::open(place.path(), Geometry::default()).unwrap();
    }

    #[test]
    fn a_segment_is_never_written_over() {
        let place = tempfile::tempdir().unwrap();
        let mut segments = FileSegments::open(place.path(), Geometry::default()).unwrap();
        segments.create(SegmentNumber(1), 100, &mut std::iter::once(Ok(vec![1; 100]))).unwrap();
        assert!(segments.create(SegmentNumber(1), 100, &mut std::iter::once(Ok(vec![2; 100]))).is_err());
        let mut first = [0];
        segments.reader().read(Position { segment: SegmentNumber(1), offset: 0 }, &mut first).unwrap();
        assert_eq!(first, [1]);
    }

    #[test]
    fn a_failed_creation_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let mut segments = FileSegments::open(place.path(), Geometry::default()).unwrap();
        let mut content = [Ok(vec![1; 100]), Err(SegmentError::NoSpace)].into_iter();
        assert!(segments.create(SegmentNumber(1), 100, &mut content).is_err());
        assert!(segments.list().is_empty());
        let names: Vec<_> =
            std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["lock"]);
    }
}
