//! Takes a header off a connection.

use ipc::budget;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::{Header, Progress, ProxyError, parse};

/// Reads the header and not a byte more.
pub(crate) async fn receive<IO: AsyncRead + Unpin>(io: &mut IO) -> Result<Header, ProxyError> {
    let whole = async {
        let mut bytes = Vec::new();
        loop {
            match parse(&bytes)? {
                Progress::Done(header) => return Ok(header),
                Progress::More(count) => {
                    let mut more = vec![0; count];
                    io.read_exact(&mut more).await?;
                    bytes.append(&mut more);
                }
            }
        }
    };
    timeout(budget::PROXY, whole).await.map_err(|_| ProxyError::Late)?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn what_comes_behind_it_is_left_there() {
        let (mut ours, mut theirs) = duplex(1024);
        theirs.write_all(b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 25\r\nEHLO").await.unwrap();
        assert!(matches!(receive(&mut ours).await, Ok(Header::Proxied { .. })));
        let mut rest = [0; 4];
        ours.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"EHLO");
    }

    #[tokio::test(start_paused = true)]
    async fn it_has_a_deadline_however_slowly_it_drips() {
        let (mut ours, mut theirs) = duplex(1024);
        let dripping = async {
            for octet in b"PROXY TCP4 192.0.2.1 192.0.2.9 4711 25\r\n" {
                theirs.write_all(&[*octet]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let (received, ()) = tokio::join!(receive(&mut ours), dripping);
        assert!(matches!(received, Err(ProxyError::Late)));
    }
}
