//! The program of `make bench`.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::ExitCode;

use bulkhead_bench::failure::{Failure, Result, at};
use bulkhead_bench::measure::Plan;
use bulkhead_bench::report::Report;
use bulkhead_bench::run::{self, Options};
use bulkhead_bench::suite::Kind;
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

/// Measures Bulkhead beside Postfix and Dovecot, and prints the table.
#[derive(Debug, Parser)]
struct Arguments {
    /// Bulkhead's programs
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// Where the suites are set up; what is there is removed
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
    /// More of each, for figures to publish: an hour or so
    #[arg(long)]
    full: bool,
    /// How often each is measured on each suite
    #[arg(long)]
    rounds: Option<u32>,
    /// Only measurements whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Bulkhead alone, to profile it
    #[arg(long)]
    alone: bool,
    /// The figures as JSON, to this file; `-` is standard output, instead of the table
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut report = Report::default();
    let arguments = Arguments::parse();
    let ended = measure(&arguments, &mut report).and_then(|()| print(&arguments, &report));
    match ended {
        Ok(()) if report.failures().is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            // What there is by now is not thrown away.
            eprintln!("{report}bulkhead-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    if std::fs::metadata("/proc/self").map_err(at("/proc/self"))?.uid() != 0 {
        return Err(Failure::Machine("only root can set Postfix and Dovecot up: run it as root".into()));
    }
    let mut plan = if arguments.full { Plan::FULL } else { Plan::QUICK };
    plan.rounds = arguments.rounds.unwrap_or(plan.rounds);
    let options = Options {
        plan,
        directory: arguments.directory.clone(),
        programs: arguments.programs.clone(),
        only: arguments.only.clone(),
        suites: if arguments.alone { vec![Kind::Bulkhead] } else { Kind::ALL.to_vec() },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, interruptible(&options, report))
}

fn print(arguments: &Arguments, report: &Report) -> Result<()> {
    match arguments.json.as_deref() {
        Some(path) if path.as_os_str() == "-" => println!("{:#}", report.json()),
        Some(path) => {
            std::fs::write(path, format!("{:#}\n", report.json())).map_err(at(path))?;
            print!("{report}");
        }
        None => print!("{report}"),
    }
    Ok(())
}

/// The suites end with the future that holds them, whichever comes first.
async fn interruptible(options: &Options, report: &mut Report) -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = run::run(options, report) => done,
        _ = interrupt.recv() => Err(Failure::Machine("interrupted".into())),
        _ = terminate.recv() => Err(Failure::Machine("terminated".into())),
    }
}
