//! Password hashes: their form, their cost, and the threads that compute them.

mod lanes;
mod phc;
mod pool;

pub use phc::{Hash, HashError};
pub use pool::{Full, Pool};
