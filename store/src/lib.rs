//! The store: it holds all mail as opaque bytes and typed rows, and parses nothing.

pub mod log;
