//! Bulkhead: the release programs with the defaults, but for the connections that one address may have.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use super::stage::{Stage, write};
use super::{Account, Kind, Places, Suite};
use crate::failure::{Failure, Result, at};
use crate::group::Group;

/// Starts it.
pub(super) fn start(stage: &Stage) -> Result<Suite> {
    let directory = stage.path("bulkhead");
    fs::create_dir(&directory).map_err(at(&directory))?;
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).map_err(at(&directory))?;
    let config = directory.join("bulkhead.toml");
    let places = Places {
        smtp: stage.plain(),
        lmtp: Some(stage.plain()),
        // There are none, by design.
        imap: None,
        imaps: stage.secure(),
        pop3: None,
        pop3s: stage.secure(),
    };
    let program = stage.programs.join("bulkhead");
    let named = config.display().to_string();
    write(&config, &text(stage, &places))?;
    stage.run(&program, &["check", "--config", &named])?;
    let log = directory.join("log");
    let mut group = Group::new("bulkhead")?;
    group.start(&program, &["run", "--config", &named], &log)?;
    ready(&log)?;
    let accounts: String =
        Account::all().map(|account| format!("{}:{}\n", account.address, account.password)).collect();
    let file = directory.join("accounts");
    write(&file, &accounts)?;
    stage.run(&program, &["account", "import", &file.display().to_string(), "--config", &named])?;
    Ok(Suite { kind: Kind::Bulkhead, group, places, mail: directory.join("state/store") })
}

/// The line it prints when it serves.
fn ready(log: &std::path::Path) -> Result<()> {
    let begun = Instant::now();
    loop {
        let said = fs::read_to_string(log).unwrap_or_default();
        if said.contains("bulkhead: ready") {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(30) {
            return Err(Failure::Program { program: "bulkhead run".into(), said });
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn text(stage: &Stage, places: &Places) -> String {
    let directory = stage.path("bulkhead");
    let directory = directory.display();
    let mut text = format!(
        "hostname = \"mail.example.org\"\ndomain = \"example.org\"\nstate_dir = \"{directory}/state\"\n\
         run_dir = \"{directory}/run\"\nuid_base = 64200\n\n\
         [tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        stage.certificate(),
        stage.key(),
    );
    let many = ["max_connections", "max_connections_per_address", "max_connections_per_network"];
    let mut section = |name: &str, keys: &[(&str, Option<u16>)]| {
        let _ = writeln!(text, "\n[{name}]");
        for key in many {
            let _ = writeln!(text, "{key} = 4000");
        }
        for (key, port) in keys {
            let listen = port.map_or(String::new(), |port| format!("\"127.0.0.1:{port}\""));
            let _ = writeln!(text, "{key} = [{listen}]");
        }
    };
    section("mx", &[("listen", Some(places.smtp.port))]);
    section("imap", &[("listen", None), ("listen_tls", Some(places.imaps.port))]);
    section("pop3", &[("listen", None), ("listen_tls", Some(places.pop3s.port))]);
    section("lmtp", &[("listen", places.lmtp.as_ref().map(|place| place.port))]);
    text
}
