//! Everything between a listening socket and a protocol session: binding (in the master), accepting, TLS whose private
//! key is elsewhere, and the driver of sessions that know neither sockets nor clocks.

pub mod accept;
mod attend;
pub mod bind;
pub mod connection;
pub mod drive;
pub mod gate;
pub mod helpers;
pub mod login;
pub mod proxy;
pub mod serve;
pub mod session;
pub mod stream;
pub mod tls;
