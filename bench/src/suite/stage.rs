//! What both suites need: a directory, ports, a certificate.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Place, Tls};
use crate::failure::{Failure, Result, at};

/// How long a suite may take to come up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the suites are set up.
#[derive(Debug)]
pub struct Stage {
    /// A directory of this run's own.
    pub directory: PathBuf,
    /// Bulkhead's programs.
    pub programs: PathBuf,
    /// The client's side of TLS.
    pub tls: Tls,
}

impl Stage {
    /// Empties `directory`, and makes the certificate that both suites show: ECDSA P-256.
    ///
    /// # Errors
    /// When openssl is not there, or a file cannot be written.
    pub fn set(directory: &Path, programs: &Path) -> Result<Self> {
        if directory.exists() {
            fs::remove_dir_all(directory).map_err(at(directory))?;
        }
        fs::create_dir_all(directory).map_err(at(directory))?;
        let directory = directory.canonicalize().map_err(at(directory))?;
        let programs = programs.canonicalize().map_err(at(programs))?;
        let stage = Stage { directory, programs, tls: Tls::new()? };
        stage.run(
            Path::new("openssl"),
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=mail.example.org",
                "-addext",
                "subjectAltName=DNS:mail.example.org",
                "-keyout",
                &stage.key(),
                "-out",
                &stage.certificate(),
            ],
        )?;
        Ok(stage)
    }

    /// A file or directory of that name.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.path("certificate.pem").display().to_string()
    }

    /// The key's file.
    #[must_use]
    pub fn key(&self) -> String {
        self.path("key.pem").display().to_string()
    }

    /// A place in plain, at a port that nobody has.
    #[must_use]
    pub fn plain(&self) -> Place {
        Place { port: free_port(), tls: None }
    }

    /// A place with TLS, at a port that nobody has.
    #[must_use]
    pub fn secure(&self) -> Place {
        Place { port: free_port(), tls: Some(self.tls.clone()) }
    }

    /// Runs a program to its end; what it printed.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Result<String> {
        let failed = |said: String| Failure::Program { program: program.display().to_string(), said };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(said(&output.stdout)) } else { Err(failed(said(&output.stderr))) }
    }
}

/// Writes a file.
///
/// # Errors
/// When it cannot.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(at(path))
}

/// Tries until it works, or for half a minute.
pub(super) async fn patiently(mut attempt: impl AsyncFnMut() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    loop {
        match attempt().await {
            Err(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(50)).await,
            done => return done,
        }
    }
}

/// Below those that the system gives to clients, each once.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let port = 12_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 18_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
