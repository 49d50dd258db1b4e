//! The whole role in one process: its loop runs against a master, workers and a store that the tests play.

mod administration;
mod guessing;
mod harness;
mod life;
mod logins;
mod lost;
mod submission;
