//! Whether the log belongs in systemd's journal.

use std::path::Path;

/// Is standard error the journal (systemd.exec(5), JOURNAL_STREAM), and its socket there?
#[must_use]
pub fn is_there() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(about) = rustix::fs::fstat(std::io::stderr()) else { return false };
    is_stream(&stream, about.st_dev, about.st_ino) && Path::new(sandbox::startup::JOURNAL_SOCKET).exists()
}

fn is_stream(stream: &str, device: u64, inode: u64) -> bool {
    let Some((a, b)) = stream.split_once(':') else { return false };
    (a.parse(), b.parse()) == (Ok(device), Ok(inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_named_by_device_and_inode() {
        assert!(is_stream("9:31", 9, 31));
        for other in ["9:32", "8:31", "9", "", ":", "9:31:1"] {
            assert!(!is_stream(other, 9, 31), "{other}");
        }
    }
}
