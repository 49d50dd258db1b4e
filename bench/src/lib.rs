//! `make bench`: the same load on Bulkhead and on Postfix with Dovecot, in turns, on one machine.
//!
//! Not shipped. What each row means is in docs/benchmarks.md.

pub mod client;
pub mod failure;
pub mod group;
pub mod mail;
pub mod measure;
pub mod report;
pub mod run;
pub mod suite;
