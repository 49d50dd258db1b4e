//! How the compartments talk: frames, channels with descriptors, the peers table, one file a service, start-up.

pub mod budget;
pub mod channel;
pub mod codec;
pub mod control;
pub mod exit;
pub mod frame;
pub mod log;
pub mod mail;
pub mod network;
pub mod peers;
pub mod program;
pub mod role;
pub mod rpc;
pub mod service;
pub mod slice;
pub mod socket;
pub mod threads;

pub use role::{Instance, Layer, Layers, Role};
