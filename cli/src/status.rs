//! `bulkhead status`

use ipc::exit::{Exit, Failure};
use ipc::role::{Layer, Layers};
use ipc::service::admin::{MasterReply, MasterRequest, ProcessState, ProcessStatus};
use serde::Serialize;

use crate::connect::Suite;
use crate::output::{self, Cell, Colour, Format};

/// Shows every process: what it is, how it is, and the layers it runs under.
///
/// # Errors
/// The suite does not run or does not admit this user.
pub(crate) fn status(suite: &Suite, format: Format) -> Result<(), Failure> {
    let MasterReply::Status(status) = suite.master()?.ask(MasterRequest::Status)? else {
        return Err(Failure::new(Exit::NoPermission, "the master refuses"));
    };
    let rows: Vec<Row> = status.processes.iter().map(Row::of).collect();
    let configuration = Configuration { generation: status.generation, in_force_seconds: status.in_force };
    match format {
        Format::Json => output::json(&Status { configuration, processes: rows }),
        Format::Table => {
            let head = [
                "ROLE", "PID", "UID", "STATE", "RESTARTS", "REPLACED", "UPTIME", "SESSIONS", "SERVED",
                "LAYERS",
            ];
            output::show(format, head, &rows, Row::cells)?;
            output::say(&format!("\n{}\n", configuration.sentence()))
        }
    }
}

/// The suite, as programs see it.
#[derive(Debug, Serialize)]
struct Status {
    configuration: Configuration,
    processes: Vec<Row>,
}

/// The configuration in force: how often it was read, and how long ago.
#[derive(Debug, Serialize)]
struct Configuration {
    generation: u32,
    in_force_seconds: u64,
}

impl Configuration {
    fn sentence(&self) -> String {
        let since = duration(self.in_force_seconds);
        match self.generation {
            1 => format!("The configuration of the start is in force, since {since}."),
            generation => format!("Configuration {generation} is in force, since a reload {since} ago."),
        }
    }
}

/// A process, as programs see it.
#[derive(Debug, Serialize)]
struct Row {
    instance: String,
    role: &'static str,
    worker: u16,
    pid: Option<u32>,
    uid: Option<u32>,
    state: &'static str,
    restarts: u32,
    replaced: u32,
    uptime_seconds: u64,
    sessions: u32,
    served: u64,
    layers: Vec<&'static str>,
    missing_layers: Vec<&'static str>,
}

impl Row {
    fn of(process: &ProcessStatus) -> Self {
        let names = |has: bool| -> Vec<&'static str> {
            Layer::ALL
                .into_iter()
                .filter(|layer| process.layers.has(*layer) == has)
                .map(Layer::name)
                .collect()
        };
        // before it is locked down, nothing is known of it
        let known = process.layers != Layers::NONE;
        Row {
            instance: process.instance.to_string(),
            role: process.instance.role.name(),
            worker: process.instance.worker,
            pid: process.pid,
            uid: process.uid,
            state: match process.state {
                ProcessState::Starting => "starting",
                ProcessState::Ready => "ready",
                ProcessState::Retiring => "retiring",
                ProcessState::Draining => "draining",
                ProcessState::Down => "down",
            },
            restarts: process.restarts,
            replaced: process.replaced,
            uptime_seconds: process.uptime,
            sessions: process.sessions,
            served: process.served,
            layers: names(true),
            missing_layers: if known { names(false) } else { Vec::new() },
        }
    }

    fn cells(&self) -> [Cell; 10] {
        let or_none = |number: Option<u32>| number.map_or_else(|| Cell::from("-"), Cell::from);
        let colour = match self.state {
            "ready" => Colour::Green,
            "down" => Colour::Red,
            _ => Colour::Yellow,
        };
        [
            Cell::from(&self.instance),
            or_none(self.pid),
            or_none(self.uid),
            Cell::from(self.state).coloured(colour),
            Cell::from(self.restarts),
            Cell::from(self.replaced),
            Cell::from(duration(self.uptime_seconds)),
            Cell::from(self.sessions),
            Cell::from(self.served),
            self.layers_cell(),
        ]
    }

    fn layers_cell(&self) -> Cell {
        if self.layers.is_empty() {
            Cell::from("-")
        } else if self.missing_layers.is_empty() {
            Cell::from("all")
        } else {
            Cell::from(format!("all but {}", self.missing_layers.join(", "))).coloured(Colour::Yellow)
        }
    }
}

/// The two largest units.
fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use ipc::role::{Instance, Role};

    use super::*;

    fn process(layers: Layers) -> ProcessStatus {
        ProcessStatus {
            instance: Instance { role: Role::Mx, worker: 1 },
            pid: Some(7),
            uid: None,
            state: ProcessState::Ready,
            restarts: 2,
            replaced: 3,
            uptime: 3700,
            sessions: 4,
            served: 5,
            layers,
        }
    }

    #[test]
    fn missing_layers_are_named() {
        let row = Row::of(&process(Layers::all().without(Layer::Uid)));
        assert_eq!(row.missing_layers, ["uid"]);
        assert_eq!(row.layers.len(), Layer::ALL.len() - 1);
        assert!(Row::of(&process(Layers::NONE)).missing_layers.is_empty());
        assert!(Row::of(&process(Layers::all())).missing_layers.is_empty());
    }

    #[test]
    fn json_has_numbers_and_names() {
        let json = serde_json::to_value(Row::of(&process(Layers::all()))).unwrap();
        assert_eq!(json["instance"], "mx/1");
        assert_eq!((&json["pid"], &json["uid"]), (&7.into(), &serde_json::Value::Null));
        assert_eq!(json["uptime_seconds"], 3700);
    }

    #[test]
    fn the_configuration_has_an_age() {
        let said = |generation, in_force_seconds| Configuration { generation, in_force_seconds }.sentence();
        assert_eq!(said(1, 65), "The configuration of the start is in force, since 1m 5s.");
        assert_eq!(said(3, 5), "Configuration 3 is in force, since a reload 5s ago.");
        let status = Status {
            configuration: Configuration { generation: 3, in_force_seconds: 5 },
            processes: vec![Row::of(&process(Layers::all()))],
        };
        let json = serde_json::to_value(status).unwrap();
        assert_eq!(json["configuration"]["generation"], 3);
        assert_eq!(
            (&json["processes"][0]["replaced"], &json["processes"][0]["restarts"]),
            (&3.into(), &2.into())
        );
    }

    #[test]
    fn times() {
        let shown = [5, 65, 3700, 200_000].map(duration);
        assert_eq!(shown, ["5s", "1m 5s", "1h 1m", "2d 7h"]);
    }
}
