//! Other people's mail programs, each in a few lines: what it is told, and how one sees that it did it. All of them check
//! the certificate, which is of an authority they are told to trust.

pub mod read;
pub mod send;

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::suite::{Options, Suite, User, is_root, run_with_input, text_of};

/// Seconds a program may take.
const PATIENCE: &str = "60";
/// The name that the certificate is for, and that programs connect to.
pub const HOST: &str = "localhost";

/// How a connection becomes TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By a command.
    Starttls,
}

/// A port, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// The port.
    pub port: u16,
    /// How it is secured.
    pub tls: Tls,
    /// Who logs in.
    pub login: &'a str,
    /// With which password.
    pub password: &'a str,
}

impl Way<'_> {
    /// `first` if TLS comes first, else `second`.
    #[must_use]
    pub fn either<T>(&self, first: T, second: T) -> T {
        match self.tls {
            Tls::Implicit => first,
            Tls::Starttls => second,
        }
    }
}

/// A suite with a certificate that programs can check, and a home for them.
pub struct Site {
    /// The suite.
    pub suite: Suite,
    directory: tempfile::TempDir,
}

impl Site {
    /// Starts it, with those accounts.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(accounts: &[(&str, &str)]) -> Site {
        let directory = tempfile::Builder::new().prefix("bulkhead-clients-").tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        let (certificate, key) = (directory.path().join("certificate.pem"), directory.path().join("key.pem"));
        certify(&certificate, &key);
        let tables =
            format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate.display(), key.display());
        let suite = Suite::start(User::here()[0], Options { tables: &tables, ..Options::default() });
        suite.import(accounts);
        Site { suite, directory }
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.path("certificate.pem")
    }

    /// A file or directory in the programs' home.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// Writes a program's configuration, for its eyes only; its path.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
        path.display().to_string()
    }

    /// A new directory in the programs' home; its path.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new_directory(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        path
    }

    /// A program that knows no home but ours, and has a minute.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args([PATIENCE, program]);
        self.at_home(&mut command);
        command
    }

    /// The same, for one that does not run as root: it owns `directory` then.
    ///
    /// # Panics
    /// When the directory cannot be given to it.
    #[must_use]
    pub fn command_of_nobody(&self, program: &str, directory: &Path) -> Command {
        let mut command = Command::new("timeout");
        command.arg(PATIENCE);
        if is_root() {
            // it asks for its name, so the uid is one that every system has a name for
            let chown = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(directory).status();
            assert!(chown.expect("chown runs").success());
            command.args(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"]);
        }
        command.arg(program);
        self.at_home(&mut command);
        command.env("HOME", directory).current_dir(directory);
        command
    }

    /// A program of `clients/`, by the interpreter that has the libraries: Python's, or Node's for one that ends in `.js`.
    #[must_use]
    pub fn library(&self, program: &str) -> Command {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = tests.parent().expect("the workspace").join("target/clients");
        let mut command = if program.ends_with(".js") {
            let mut command = self.command("node");
            command.env("NODE_PATH", installed.join("node/node_modules"));
            command
        } else {
            self.command(&installed.join("python/bin/python").display().to_string())
        };
        command.env("CERTIFICATE", self.certificate()).arg(tests.join("clients").join(program));
        command
    }

    fn at_home(&self, command: &mut Command) {
        command
            .env("HOME", self.directory.path())
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.directory.path());
        command.env_remove("MAILRC").env_remove("EMAIL").env("TERM", "xterm");
    }
}

/// Runs it, with nothing on its standard input; what it said, if it says that it succeeded.
///
/// # Errors
/// All that it said, if not.
pub fn outcome(command: Command, input: &str) -> Result<String, String> {
    let output: Output = run_with_input(command, input);
    let said = text_of(&output);
    match output.status.code() {
        Some(0) => Ok(said),
        Some(124) => panic!("it does not end: {said}"),
        code => Err(format!("exit code {code:?}: {said}")),
    }
}

/// Makes a certificate for this host, signed by itself, and its key.
///
/// # Panics
/// When openssl does not.
pub fn certify(certificate: &Path, key: &Path) {
    let names = format!("subjectAltName=DNS:{HOST},DNS:mail.example.org,IP:{}", Ipv4Addr::LOCALHOST);
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    command.args(["-days", "30", "-subj", &format!("/CN={HOST}"), "-addext", &names]);
    command.arg("-out").arg(certificate).arg("-keyout").arg(key);
    let made = run_with_input(command, "");
    assert!(made.status.success(), "{}", text_of(&made));
    fs::set_permissions(certificate, fs::Permissions::from_mode(0o644)).expect("its mode");
}
