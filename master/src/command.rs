//! The command line of `bulkhead-master`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::DEFAULT_PATH;

/// Starts and supervises the processes of the Bulkhead mail suite.
#[derive(Debug, Parser)]
#[command(name = "bulkhead-master", version, about)]
pub struct Command {
    /// What to do.
    #[command(subcommand)]
    pub what: What,
    /// The configuration.
    #[arg(long, global = true, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Run in the foreground until SIGTERM or SIGINT.
    Run,
    /// Check the configuration and the files it names.
    Check,
    /// Print one resolved setting.
    Show {
        /// Which.
        setting: Setting,
    },
}

/// A setting that other programs need.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Setting {
    /// The directory of the sockets that `bulkhead` connects to.
    RunDir,
}
