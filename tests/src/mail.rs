//! Sending and reading mail with other people's programs, and with a plain dialog where each reply matters.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use crate::suite::{Suite, run_with_input, text_of};

/// Sends a message with swaks over STARTTLS.
#[must_use]
pub fn swaks(suite: &Suite, to: &str, data: &str) -> Output {
    let server = format!("127.0.0.1:{}", suite.smtp);
    let mut command = Command::new("swaks");
    command.args(["--server", &server, "--tls", "--from", "someone@elsewhere.example", "--to", to]);
    command.args(["--helo", "client.elsewhere.example", "--timeout", "30", "--data", "-"]);
    run_with_input(command, data)
}

/// Asks an IMAP URL's path, with a command if one is given, by curl over TLS.
#[must_use]
pub fn curl(suite: &Suite, user: &str, path: &str, request: Option<&str>) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--insecure", "--max-time", "30", "--user", user]);
    if let Some(request) = request {
        command.args(["--request", request]);
    }
    command.arg(format!("imaps://127.0.0.1:{}/{path}", suite.imaps));
    run_with_input(command, "")
}

/// Runs a Python program of `clients/` with the ports as its first arguments.
#[must_use]
pub fn python(suite: &Suite, program: &str, arguments: &[&str]) -> Output {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(program);
    let mut command = Command::new("python3");
    command.arg(path).args([suite.smtp.to_string(), suite.imaps.to_string()]).args(arguments);
    run_with_input(command, "")
}

/// The same, which has to succeed; what it printed.
#[must_use]
pub fn python_says(suite: &Suite, program: &str, arguments: &[&str]) -> String {
    let output = python(suite, program, arguments);
    assert!(output.status.success(), "{program}: {}\n{}", text_of(&output), suite.log());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A Python program of `clients/` that runs beside the test.
pub struct Running {
    child: Child,
    says: BufReader<ChildStdout>,
}

/// Starts one, with the ports as its first arguments.
#[must_use]
pub fn python_runs(suite: &Suite, program: &str, arguments: &[&str]) -> Running {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(program);
    let mut command = Command::new("python3");
    command.arg(path).args([suite.smtp.to_string(), suite.imaps.to_string()]).args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
    let says = BufReader::new(child.stdout.take().expect("its output"));
    Running { child, says }
}

impl Running {
    /// The next line it prints, without its end; empty when it has ended.
    #[must_use]
    pub fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    /// Tells it a line, and reads the one it answers.
    #[must_use]
    pub fn answer(&mut self, line: &str) -> String {
        let input = self.child.stdin.as_mut().expect("its standard input");
        writeln!(input, "{line}").expect("it reads");
        self.next_line()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An SMTP connection in plain, a line at a time.
pub struct Smtp {
    stream: BufReader<TcpStream>,
}

impl Smtp {
    /// Connects, and reads the greeting.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn connect(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(40)))?;
        let mut smtp = Smtp { stream: BufReader::new(stream) };
        let greeting = smtp.reply()?;
        if greeting.starts_with("220") { Ok(smtp) } else { Err(std::io::Error::other(greeting)) }
    }

    /// Sends a line and reads the reply.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn say(&mut self, line: &str) -> std::io::Result<String> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends one whole message; `true` when it was acknowledged.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn deliver(&mut self, to: &str, message: &str) -> std::io::Result<bool> {
        for command in
            ["MAIL FROM:<someone@elsewhere.example>".to_owned(), format!("RCPT TO:<{to}>"), "DATA".to_owned()]
        {
            let reply = self.say(&command)?;
            if !reply.starts_with(['2', '3']) {
                self.say("RSET")?;
                return Ok(false);
            }
        }
        Ok(self.say(&format!("{message}\r\n."))?.starts_with("250"))
    }

    fn reply(&mut self) -> std::io::Result<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(reply);
            }
        }
    }
}
