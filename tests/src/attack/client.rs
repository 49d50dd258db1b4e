//! One connection of many: cheap, in plain or by TLS, from an address of one's choice.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, split};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Door;
use crate::suite::Suite;

/// Bytes of a connection that are read ahead: ten thousand of them are held at once.
const AHEAD: usize = 512;
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(40);

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: Stream,
    from: Ipv4Addr,
}

#[derive(Debug)]
enum Stream {
    Plain(BufReader<TcpStream>),
    Tls(Box<BufReader<TlsStream<TcpStream>>>),
    /// Between the two.
    Lost,
}

impl Client {
    /// Connects, and says and hears nothing.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn connect(port: u16, from: Ipv4Addr) -> io::Result<Client> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = within(PATIENCE, socket.connect(to)).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream: Stream::Plain(BufReader::with_capacity(AHEAD, stream)), from })
    }

    /// Begins TLS.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn secure(&mut self, connector: &TlsConnector) -> io::Result<()> {
        let Stream::Plain(plain) = std::mem::replace(&mut self.stream, Stream::Lost) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let name = ServerName::try_from("mail.example.org").expect("a name");
        let tls = within(PATIENCE, connector.connect(name, plain.into_inner())).await?;
        self.stream = Stream::Tls(Box::new(BufReader::with_capacity(AHEAD, tls)));
        Ok(())
    }

    /// Connects as that port expects it, and reads the greeting.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(
        suite: &Suite,
        door: Door,
        from: Ipv4Addr,
        connector: &TlsConnector,
    ) -> io::Result<Client> {
        Client::enter(door, door.port(suite), from, connector).await
    }

    /// The same, for a suite that one only knows the port of.
    ///
    /// # Errors
    /// When there is no greeting.
    pub async fn enter(
        door: Door,
        port: u16,
        from: Ipv4Addr,
        connector: &TlsConnector,
    ) -> io::Result<Client> {
        let mut client = Client::connect(port, from).await?;
        if door.implicit_tls() {
            client.secure(connector).await?;
        }
        let greeting = client.line().await?;
        if greeting.starts_with(door.greeting()) { Ok(client) } else { Err(io::Error::other(greeting)) }
    }

    /// The same, with TLS begun in the session where it does not begin before.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open_secured(
        suite: &Suite,
        door: Door,
        from: Ipv4Addr,
        connector: &TlsConnector,
    ) -> io::Result<Client> {
        let mut client = Client::open(suite, door, from, connector).await?;
        if let Some((command, reply)) = door.starttls() {
            if door.greeting() == "220 " {
                client.say("EHLO client.example", "250 ").await?;
            }
            client.say(command, reply).await?;
            client.secure(connector).await?;
        }
        Ok(client)
    }

    /// Logs in; the last line of the reply.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn log_in(&mut self, door: Door, login: &str, password: &str) -> io::Result<String> {
        match door {
            Door::Imap | Door::Imaps => {
                self.send(format!("l LOGIN {login} \"{password}\"\r\n").as_bytes()).await?;
                self.until(&["l ", "* BYE"]).await
            }
            Door::Pop3 | Door::Pop3s => {
                self.send(format!("USER {login}\r\nPASS {password}\r\n").as_bytes()).await?;
                self.line().await?;
                self.line().await
            }
            Door::Smtp | Door::Submission | Door::Submissions => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn from(&self) -> Ipv4Addr {
        self.from
    }

    /// Sends a line, and reads up to the line that begins like that.
    ///
    /// # Errors
    /// When the connection is gone, or ends before.
    pub async fn say(&mut self, line: &str, reply: &str) -> io::Result<String> {
        self.send(format!("{line}\r\n").as_bytes()).await?;
        self.until(&[reply]).await
    }

    /// Sends that.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let stream: &mut (dyn AsyncWrite + Unpin) = match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.as_mut(),
            Stream::Lost => return Err(io::ErrorKind::NotConnected.into()),
        };
        within(PATIENCE, async {
            stream.write_all(octets).await?;
            stream.flush().await
        })
        .await
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// When there is none.
    pub async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let read = match &mut self.stream {
            Stream::Plain(stream) => within(PATIENCE, stream.read_until(b'\n', &mut line)).await?,
            Stream::Tls(stream) => within(PATIENCE, stream.read_until(b'\n', &mut line)).await?,
            Stream::Lost => 0,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Lines up to the first that begins like one of those; that one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn until(&mut self, starts: &[&str]) -> io::Result<String> {
        loop {
            let line = self.line().await?;
            if starts.iter().any(|start| line.starts_with(start)) {
                return Ok(line);
            }
        }
    }

    /// All that is said until the other end closes, or says nothing for that long.
    pub async fn rest(&mut self, silence: Duration) -> String {
        let mut heard = Vec::new();
        let mut some = [0; 4096];
        loop {
            let read = match &mut self.stream {
                Stream::Plain(stream) => timeout(silence, stream.read(&mut some)).await,
                Stream::Tls(stream) => timeout(silence, stream.read(&mut some)).await,
                Stream::Lost => break,
            };
            match read {
                Ok(Ok(count)) if count > 0 => heard.extend_from_slice(&some[..count]),
                _ => break,
            }
        }
        String::from_utf8_lossy(&heard).into_owned()
    }

    /// Sends those octets up to that often, while it listens: how often they went, and what was said until the other end
    /// closed, or said nothing for that long after the last.
    pub async fn pour(&mut self, octets: &[u8], times: u64, silence: Duration) -> (u64, String) {
        match &mut self.stream {
            Stream::Plain(stream) => pour(stream, octets, times, silence).await,
            Stream::Tls(stream) => pour(stream, octets, times, silence).await,
            Stream::Lost => (0, String::new()),
        }
    }

    /// Has the other end closed within that time? What it says meanwhile is not looked at.
    pub async fn is_closed(&mut self, patience: Duration) -> bool {
        timeout(patience, self.rest(patience)).await.is_ok()
    }
}

async fn pour(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    octets: &[u8],
    times: u64,
    silence: Duration,
) -> (u64, String) {
    let (mut reading, mut writing) = split(stream);
    let (mut went, mut heard) = (0, Vec::new());
    let sending = async {
        while went < times && within(PATIENCE, writing.write_all(octets)).await.is_ok() {
            went += 1;
        }
        let _ = writing.flush().await;
        sleep(silence).await;
    };
    let hearing = async {
        let mut some = [0; 4096];
        while let Ok(count) = reading.read(&mut some).await
            && count > 0
        {
            heard.extend_from_slice(&some[..count]);
        }
    };
    tokio::select! {
        () = sending => {}
        () = hearing => {}
    }
    (went, String::from_utf8_lossy(&heard).into_owned())
}

async fn within<T>(patience: Duration, what: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(patience, what).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
