//! What can go wrong with a measurement.

use std::path::PathBuf;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or a directory.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A connection.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A server said something that was not expected.
    #[error("{expected}: the server says {said:?}")]
    Reply {
        /// What was being done.
        expected: &'static str,
        /// The reply.
        said: String,
    },
    /// Something took too long.
    #[error("{0}: out of time")]
    Late(&'static str),
    /// A program that does not run, or ends with an error.
    #[error("{program}: {said}")]
    Program {
        /// Which.
        program: String,
        /// What it, or the system, said.
        said: String,
    },
    /// The machine cannot do this.
    #[error("{0}")]
    Machine(String),
    /// TLS could not be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Failure>;

/// Names the file in an error.
pub fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.into();
    move |source| Failure::File { path, source }
}
