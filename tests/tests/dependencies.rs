//! Who may depend on whom: an edge that is not named here is forbidden.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Every crate of the workspace, and the crates of the workspace it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("bulkhead-ipc", &[]),
    ("bulkhead-mime", &[]),
    ("bulkhead-sandbox", &["bulkhead-ipc"]),
    ("bulkhead-listener", &["bulkhead-ipc"]),
    ("bulkhead-breach", &["bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-master", &["bulkhead-listener", "bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-smtp", &["bulkhead-listener", "bulkhead-ipc", "bulkhead-sandbox", "bulkhead-mime"]),
    ("bulkhead-imap", &["bulkhead-listener", "bulkhead-ipc", "bulkhead-sandbox", "bulkhead-mime"]),
    ("bulkhead-pop3", &["bulkhead-listener", "bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-store", &["bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-auth", &["bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-keys", &["bulkhead-ipc", "bulkhead-sandbox"]),
    ("bulkhead-migrate", &["bulkhead-ipc", "bulkhead-mime"]),
    ("bulkhead-cli", &["bulkhead-ipc", "bulkhead-migrate", "bulkhead-mime"]),
    // it looks at the suites from outside, and links nothing of them
    ("bulkhead-bench", &[]),
    ("bulkhead-tests", &["bulkhead-ipc", "bulkhead-sandbox", "bulkhead-breach"]),
];

/// The crate of hostile code: only ever optional, only ever for these.
const BREACH: &str = "bulkhead-breach";
const MAY_BE_BREACHED: &[&str] =
    &["bulkhead-smtp", "bulkhead-imap", "bulkhead-pop3", "bulkhead-store", "bulkhead-auth", "bulkhead-keys"];

/// Crates that only some may name: what parses mail or speaks TLS stays out of the processes that must not.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusqlite", &["bulkhead-auth"]),
    ("argon2", &["bulkhead-auth"]),
    ("zstd", &["bulkhead-store"]),
    ("redb", &["bulkhead-store"]),
    ("bulkhead-mime", &["bulkhead-smtp", "bulkhead-imap", "bulkhead-migrate", "bulkhead-cli"]),
    ("encoding_rs", &["bulkhead-mime"]),
    ("bincode", &["bulkhead-ipc"]),
    ("tokio-rustls", &["bulkhead-listener", "bulkhead-bench"]),
    // a client, for moving in from another server
    ("rustls-native-certs", &["bulkhead-migrate"]),
    ("rcgen", &["bulkhead-keys"]),
    ("toml", &["bulkhead-master"]),
];

struct Edge {
    from: String,
    to: String,
    optional: bool,
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn edges() -> Vec<Edge> {
    let metadata = metadata();
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            if dependency["kind"] == "dev" {
                continue;
            }
            edges.push(Edge {
                from: package["name"].as_str().expect("name").to_owned(),
                to: dependency["name"].as_str().expect("name").to_owned(),
                optional: dependency["optional"] == true,
            });
        }
    }
    edges
}

#[test]
fn only_named_edges_exist() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for Edge { from, to, optional } in edges().iter().filter(|edge| edge.to.starts_with("bulkhead-")) {
        let named = allowed.get(from.as_str()).unwrap_or_else(|| panic!("{from} is not in the table"));
        let breach = to == BREACH && *optional && MAY_BE_BREACHED.contains(&from.as_str());
        assert!(named.contains(&to.as_str()) || breach, "{from} must not depend on {to}");
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    for (library, users) in ONLY_IN {
        let found: BTreeSet<_> =
            edges().into_iter().filter(|edge| edge.to == *library).map(|edge| edge.from).collect();
        assert!(!found.is_empty(), "{library} is used nowhere: the line is out of date");
        for user in found {
            assert!(
                users.contains(&user.as_str()) || user == "bulkhead-tests",
                "{user} must not use {library}"
            );
        }
    }
}

/// Features that make programs for tests: hostile code, a parser's mistake, a store that does not sync.
const FOR_TESTS: [&str; 3] = ["hostile", "planted-panic", "unsafe-no-fdatasync"];

#[test]
fn no_package_is_made_for_tests() {
    let metadata = metadata();
    let mut there = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let features = package["features"].as_object().expect("features");
        there.extend(FOR_TESTS.into_iter().filter(|name| features.contains_key(*name)));
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let shipped = dependencies.filter(|dependency| dependency["kind"].is_null());
        let asked = shipped.map(|dependency| &dependency["features"]).chain(features.get("default"));
        let asked = asked.chain([&package["metadata"]["deb"]["features"]]);
        for feature in asked.filter_map(|features| features.as_array()).flatten() {
            let feature = feature.as_str().expect("a feature");
            assert!(!FOR_TESTS.iter().any(|name| feature.contains(name)), "{}: {feature}", package["name"]);
        }
    }
    assert_eq!(there, FOR_TESTS.into_iter().collect(), "the table is out of date");
}

#[test]
fn protocol_cores_do_no_io() {
    let forbidden = [
        "tokio",
        "std::net::Tcp",
        "std::net::Udp",
        "std::fs",
        "std::time::Instant",
        "SystemTime",
        "rustix",
        "std::os",
    ];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut seen = 0;
    for core in ["smtp/src/proto", "imap/src/proto", "pop3/src/proto", "mime/src"] {
        visit(&root.join(core), &mut |path, text| {
            seen += 1;
            for word in forbidden {
                assert!(!text.contains(word), "{} names {word}", path.display());
            }
        });
    }
    assert!(seen > 20, "the protocol cores were not found");
}

fn visit(directory: &std::path::Path, check: &mut dyn FnMut(&std::path::Path, &str)) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, check);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            check(&path, &std::fs::read_to_string(&path).expect("a text"));
        }
    }
}
