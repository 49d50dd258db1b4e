//! A handshake: its bytes come and go here, its reckoning, and the wait for its signature, is a helper's.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use ipc::budget;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::TlsError;
use super::stream::{TlsStream, poll_send};
use crate::helpers::Helpers;

/// Bytes taken in at one reading. What comes behind the handshake in the same reading has room in the connection.
const READ: usize = 4096;

/// Negotiates with the peer. A connection on which nothing has come costs nothing but itself.
pub(super) async fn negotiate<IO>(
    mut io: IO,
    config: Arc<ServerConfig>,
    helpers: &Helpers,
) -> Result<TlsStream<IO>, TlsError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut under_way: Option<Box<ServerConnection>> = None;
    let mut received = 0usize;
    loop {
        let bytes = read(&mut io).await.map_err(TlsError::Handshake)?;
        received = received.saturating_add(bytes.len());
        if bytes.is_empty() {
            return Err(TlsError::Handshake(io::ErrorKind::UnexpectedEof.into()));
        }
        if received > budget::HANDSHAKE_BYTES {
            return Err(TlsError::Overlong);
        }
        let config = Arc::clone(&config);
        let work = move || {
            let mut tls = match under_way {
                Some(tls) => tls,
                None => begin(config)?,
            };
            let outcome = feed(&mut tls, &bytes);
            Ok((tls, outcome))
        };
        let done: Result<_, rustls::Error> = helpers.run(work).await?;
        let (mut tls, outcome) = done.map_err(refused)?;
        // the alert of one that failed, too
        let sent = send(&mut io, &mut tls).await;
        outcome.map_err(refused)?;
        sent.map_err(TlsError::Handshake)?;
        if !tls.is_handshaking() {
            return Ok(TlsStream::new(io, tls));
        }
        under_way = Some(tls);
    }
}

fn refused(error: rustls::Error) -> TlsError {
    TlsError::Handshake(io::Error::new(io::ErrorKind::InvalidData, error))
}

fn begin(config: Arc<ServerConfig>) -> Result<Box<ServerConnection>, rustls::Error> {
    let mut tls = ServerConnection::new(config)?;
    tls.set_buffer_limit(Some(budget::TLS_BUFFER));
    Ok(Box::new(tls))
}

fn feed(tls: &mut ServerConnection, mut bytes: &[u8]) -> Result<(), rustls::Error> {
    while !bytes.is_empty() {
        match tls.read_tls(&mut bytes) {
            Ok(0) => break,
            Ok(_) => tls.process_new_packets()?,
            Err(error) => return Err(rustls::Error::General(error.to_string())),
        };
    }
    Ok(())
}

/// None when the peer has ended.
async fn read<IO: AsyncRead + Unpin>(io: &mut IO) -> io::Result<Vec<u8>> {
    poll_fn(|context| {
        let mut room = [0; READ];
        let mut room = ReadBuf::new(&mut room);
        match Pin::new(&mut *io).poll_read(context, &mut room) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(room.filled().to_vec())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn send<IO: AsyncWrite + Unpin>(io: &mut IO, tls: &mut ServerConnection) -> io::Result<()> {
    while tls.wants_write() {
        poll_fn(|context| poll_send(io, tls, context)).await?;
    }
    poll_fn(|context| Pin::new(&mut *io).poll_flush(context)).await
}
