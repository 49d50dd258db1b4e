//! The store: it holds all mail as opaque bytes and typed rows, and parses nothing.
//!
//! The [`log`] is the truth, the [`index`] a view of it. Every change is an [`plan::Operation`] that the one
//! [`committer`] thread decides and makes durable; [`serve`] is what other compartments see.

pub mod change;
pub mod committer;
pub mod engine;
pub mod index;
pub mod log;
pub mod plan;
pub mod pool;
mod replay;
pub mod serve;
pub mod tables;
