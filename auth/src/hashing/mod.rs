//! Password hashes: their form, their cost, and the threads that compute them.

mod fair;
mod lanes;
mod phc;
mod pool;

pub use lanes::Place;
pub use phc::{Hash, HashError};
pub use pool::{Full, Pool};
