//! A worker's TLS and life, against a real `keys` behind a socket pair.

#[cfg(test)]
mod handshakes;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod starttls;
