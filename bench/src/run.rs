//! The whole: both suites up, both filled, each measurement on one and then on the other.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use crate::failure::{Failure, Result};
use crate::group;
use crate::measure::{Measurement, Outcome, Plan, fill};
use crate::report::Report;
use crate::suite::{Kind, Stage, Suite};

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much.
    pub plan: Plan,
    /// A directory to set the suites up in; what it holds is removed.
    pub directory: PathBuf,
    /// Bulkhead's programs.
    pub programs: PathBuf,
    /// Only measurements whose name contains this.
    pub only: String,
    /// Only this suite.
    pub suites: Vec<Kind>,
}

/// Measures, a row of the report after the other. Progress goes to standard error.
///
/// # Errors
/// When a suite does not come up. A measurement that fails is a line in the report.
pub async fn run(options: &Options, report: &mut Report) -> Result<()> {
    group::sweep();
    let stage = Stage::set(&options.directory, &options.programs)?;
    let mut suites = Vec::new();
    for kind in &options.suites {
        eprintln!("starting {}", kind.name());
        let suite = Rc::new(Suite::start(*kind, &stage).await?);
        let begun = Instant::now();
        fill(&suite, options.plan).await?;
        eprintln!("  its mailboxes are filled after {:.1} s", begun.elapsed().as_secs_f64());
        suites.push(suite);
    }
    for measurement in Measurement::all() {
        if measurement.name().contains(&options.only) {
            measure(measurement, &mut suites, options.plan, report).await;
        }
    }
    Ok(())
}

async fn measure(measurement: Measurement, suites: &mut [Rc<Suite>], plan: Plan, report: &mut Report) {
    eprintln!("{}", measurement.name());
    let rounds = if measurement.once() { 1 } else { plan.rounds };
    for round in 0..rounds {
        let mut order: Vec<_> = suites.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for suite in order {
            let outcome = match fresh(measurement, suite).await {
                Ok(()) => measurement.run(suite, plan).await,
                Err(error) => Err(error),
            };
            match &outcome {
                Ok(Outcome::Figures(figures)) => {
                    let said: Vec<_> =
                        figures.iter().map(|figure| format!("{:.3} {}", figure.value, figure.unit)).collect();
                    eprintln!("  {}: {}", suite.kind.name(), said.join(", "));
                }
                Ok(Outcome::Absent(reason)) => eprintln!("  {}: {reason}", suite.kind.name()),
                Err(error) => eprintln!("  {}: {error}", suite.kind.name()),
            }
            report.add(measurement, suite.kind, outcome);
        }
    }
}

/// Starts the suite anew for what would otherwise see the traces of what was measured before.
async fn fresh(measurement: Measurement, suite: &mut Rc<Suite>) -> Result<()> {
    if !measurement.once() {
        return Ok(());
    }
    let suite = Rc::get_mut(suite).ok_or_else(|| Failure::Machine("a measurement goes on".into()))?;
    suite.restart().await
}
