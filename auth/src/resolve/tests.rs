use super::*;
use crate::address::{parse, parse_alias};
use crate::database::{AliasSet, NewRow};

struct Sample {
    database: Database,
    _directory: tempfile::TempDir,
}

fn sample(accounts: &[&str], aliases: &[(&str, &[&str])]) -> Sample {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(&directory.path().join("accounts.db"), "example.org").unwrap();
    let rows: Vec<_> = accounts
        .iter()
        .map(|address| NewRow { address: parse(address).unwrap(), hash: String::new() })
        .collect();
    database.add_accounts(&rows, 0).unwrap();
    let sample = Sample { database, _directory: directory };
    for (alias, targets) in aliases {
        sample.set(alias, targets);
    }
    sample
}

impl Sample {
    fn set(&self, alias: &str, targets: &[&str]) {
        let targets: Vec<_> = targets.iter().map(|target| parse(target).unwrap()).collect();
        let set = self.database.set_alias(&parse_alias(alias).unwrap(), &targets, |_| Ok(true));
        assert_eq!(set.unwrap(), AliasSet::Done);
    }

    fn ask(&self, local: &str, domain: &str) -> Destination {
        let recipient = Address { local: local.into(), domain: domain.into() };
        resolve(&self.database, "example.org", &recipient).unwrap()
    }
}

fn to(ids: &[u64]) -> Destination {
    Destination::Accounts(ids.iter().copied().map(AccountId).collect())
}

#[test]
fn accounts_details_and_case() {
    let sample = sample(&["bob@example.org", "a+b@example.org", "a@example.org"], &[]);
    assert_eq!(sample.ask("bob", "example.org"), to(&[1]));
    assert_eq!(sample.ask("BOB", "EXAMPLE.org"), to(&[1]));
    assert_eq!(sample.ask("bob+list+x", "example.org"), to(&[1]));
    assert_eq!(sample.ask("a+b", "example.org"), to(&[2]), "as it stands comes first");
    assert_eq!(sample.ask("a+c", "example.org"), to(&[3]));
    assert_eq!(sample.ask("eve", "example.org"), Destination::Unknown);
    assert_eq!(sample.ask("", "example.org"), Destination::Unknown);
    assert_eq!(sample.ask("+x", "example.org"), Destination::Unknown);
    assert_eq!(sample.ask("bob", "elsewhere.org"), Destination::NotLocal);
    assert_eq!(sample.ask("bob", ""), Destination::NotLocal);
}

#[test]
fn aliases_chains_and_catch_alls() {
    let sample = sample(
        &["bob@example.org", "eve@example.org"],
        &[
            ("all@example.org", &["bob@example.org", "eve@example.org"]),
            ("outer@example.org", &["all@example.org", "bob@example.org"]),
            ("@example.org", &["eve@example.org"]),
        ],
    );
    assert_eq!(sample.ask("all", "example.org"), to(&[1, 2]));
    assert_eq!(sample.ask("outer+x", "example.org"), to(&[1, 2]), "each once");
    assert_eq!(sample.ask("whatever", "example.org"), to(&[2]));
    assert_eq!(sample.ask("bob", "example.org"), to(&[1]), "the catch-all catches only the rest");
}

#[test]
fn loops_are_harmless() {
    let sample = sample(
        &["bob@example.org"],
        &[("x@example.org", &["bob@example.org"]), ("y@example.org", &["x@example.org"])],
    );
    sample.set("x@example.org", &["y@example.org"]);
    assert_eq!(sample.ask("x", "example.org"), Destination::Unknown);
    sample.set("x@example.org", &["y@example.org", "x@example.org", "bob@example.org"]);
    assert_eq!(sample.ask("y", "example.org"), to(&[1]));
}

#[test]
fn the_postmaster_is_always_somebody() {
    let sample = sample(&["bob@example.org", "eve@example.org"], &[]);
    sample.database.add_domain("b.org").unwrap();
    assert_eq!(sample.ask("Postmaster", ""), to(&[1]));
    assert_eq!(sample.ask("postmaster", "b.org"), to(&[1]));
    assert_eq!(sample.ask("postmaster+x", "b.org"), to(&[1]));
    assert_eq!(sample.ask("postmaster", "elsewhere.org"), Destination::NotLocal);
    sample.set("postmaster@example.org", &["eve@example.org"]);
    assert_eq!(sample.ask("postmaster", ""), to(&[2]));
    assert_eq!(sample.ask("postmaster", "b.org"), to(&[1]));
    let empty = self::sample(&[], &[]);
    assert_eq!(empty.ask("postmaster", ""), Destination::Unknown);
}

#[test]
fn width_and_depth_have_an_end() {
    let names: Vec<_> = (0..=TARGETS_MAX).map(|number| format!("user{number}@example.org")).collect();
    let all: Vec<_> = names.iter().map(String::as_str).collect();
    let sample = sample(&all, &[("wide@example.org", &all), ("fits@example.org", &all[1..])]);
    assert_eq!(sample.ask("wide", "example.org"), Destination::TooWide);
    assert!(
        matches!(sample.ask("fits", "example.org"), Destination::Accounts(to) if to.len() == TARGETS_MAX)
    );

    sample.set("deep0@example.org", &["user0@example.org"]);
    for number in 1..=DEPTH_MAX {
        sample.set(&format!("deep{number}@example.org"), &[&format!("deep{}@example.org", number - 1)]);
    }
    assert_eq!(sample.ask(&format!("deep{}", DEPTH_MAX - 1), "example.org"), to(&[1]));
    assert_eq!(sample.ask(&format!("deep{DEPTH_MAX}"), "example.org"), Destination::TooWide);
}
