//! Hostile code: what a hijacked role would try, run inside the real program of a role after its real lock-down.
//!
//! A role's program that is built with the feature `hostile` starts as ever, and then, instead of serving, takes
//! [`order::Order`]s from the boundary tests: to make one attempt of [`table::all`], or to say something on a channel
//! it was handed. The attempts are system calls as an attacker makes them, past every library. No release contains
//! this crate, and nothing in `sandbox` knows of it.

mod attempts;
pub mod order;
mod raw;
mod serve;
mod speak;
pub mod table;

pub use serve::{prepare, serve};
