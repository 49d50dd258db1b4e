use ipc::mail::{AccountId, Address};

use super::*;
use crate::address::{parse, parse_alias};

fn open(directory: &tempfile::TempDir) -> Result<Database, DatabaseError> {
    Database::open(&directory.path().join("accounts.db"), "example.org")
}

fn row(address: &str) -> NewRow {
    NewRow { address: parse(address).unwrap(), hash: "hash".into() }
}

fn targets(of: &[&str]) -> Vec<Address> {
    of.iter().map(|target| parse(target).unwrap()).collect()
}

fn alias(database: &Database, alias: &str, to: &[&str]) -> AliasSet {
    database.set_alias(&parse_alias(alias).unwrap(), &targets(to), |_| Ok(true)).unwrap()
}

#[test]
fn what_was_committed_is_there_after_opening_it_again() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    assert_eq!(database.add_accounts(&[row("bob@example.org")], 5).unwrap(), Added::All);
    drop(database);
    let database = open(&directory).unwrap();
    assert_eq!(database.account("bob@example.org").unwrap().unwrap().hash, "hash");
    assert_eq!(database.accounts("", 10).unwrap().rows[0].created, 5);
}

#[test]
fn the_pragmas_are_as_they_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    let ask =
        |pragma| database.connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap();
    let journal: String =
        database.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(journal, "delete");
    assert_eq!(ask("synchronous"), 3);
    assert_eq!(ask("foreign_keys"), 1);
    assert_eq!(ask("temp_store"), 2);
    assert_eq!(ask("mmap_size"), 0);
    assert_eq!(ask("secure_delete"), 1);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(directory.path().join("accounts.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn accounts_are_added_all_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    database.add_accounts(&[row("bob@example.org")], 0).unwrap();
    let more = [row("alice@example.org"), row("bob@example.org")];
    assert_eq!(database.add_accounts(&more, 0).unwrap(), Added::Taken("bob@example.org".into()));
    let more = [row("alice@example.org"), row("x@elsewhere.org")];
    assert_eq!(database.add_accounts(&more, 0).unwrap(), Added::NoDomain("elsewhere.org".into()));
    assert_eq!(database.account("alice@example.org").unwrap(), None);
    // the failed transactions hold no lock
    assert_eq!(database.add_accounts(&[row("alice@example.org")], 0).unwrap(), Added::All);
}

#[test]
fn an_id_is_never_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut given = Vec::new();
    for _ in 0..3 {
        let database = open(&directory).unwrap();
        database.add_accounts(&[row("bob@example.org")], 0).unwrap();
        let id = database.account("bob@example.org").unwrap().unwrap().id;
        assert_eq!(database.begin_removal("bob@example.org", 0).unwrap(), Some(id));
        assert_eq!(database.account("bob@example.org").unwrap(), None);
        assert_eq!(database.removals().unwrap(), [id]);
        database.finish_removal(id).unwrap();
        given.push(id);
    }
    assert_eq!(given, [AccountId(1), AccountId(2), AccountId(3)]);
}

#[test]
fn a_lost_database_gives_nobody_the_id_of_somebody_before() {
    let id = |database: &Database, address| database.account(address).unwrap().unwrap().id;
    let (lost, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let lost = open(&lost).unwrap();
    lost.add_accounts(&[row("bob@example.org"), row("eve@example.org")], 1_800_000_000).unwrap();
    lost.add_accounts(&[row("carol@example.org")], 1_800_000_000).unwrap();
    let (eve, carol) = (id(&lost, "eve@example.org"), id(&lost, "carol@example.org"));
    assert_eq!(carol.0, eve.0 + 1, "in order, within a second, too");
    let next = open(&next).unwrap();
    next.add_accounts(&[row("dave@example.org")], 1_800_000_001).unwrap();
    assert!(id(&next, "dave@example.org") > carol);
    // a clock that goes backwards does not make the ids do so
    next.add_accounts(&[row("fred@example.org")], 1_700_000_000).unwrap();
    assert!(id(&next, "fred@example.org") > id(&next, "dave@example.org"));
}

#[test]
fn a_removal_that_was_cut_off_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    database.add_accounts(&[row("bob@example.org"), row("eve@example.org")], 0).unwrap();
    database.begin_removal("bob@example.org", 7).unwrap();
    // the address may be another's at once
    database.add_accounts(&[row("bob@example.org")], 0).unwrap();
    drop(database);
    let database = open(&directory).unwrap();
    assert_eq!(database.removals().unwrap(), [AccountId(1)]);
    assert_eq!(database.account("bob@example.org").unwrap().unwrap().id, AccountId(3));
    assert_eq!(database.begin_removal("nobody@example.org", 7).unwrap(), None);
}

#[test]
fn what_leads_to_a_removed_account_leads_nowhere_ever_after() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    database.add_accounts(&[row("bob@example.org"), row("eve@example.org")], 0).unwrap();
    alias(&database, "both@example.org", &["bob@example.org", "eve@example.org"]);
    alias(&database, "one@example.org", &["bob@example.org"]);
    alias(&database, "chain@example.org", &["one@example.org"]);
    database.begin_removal("bob@example.org", 0).unwrap();
    let left = database.aliases("", 10).unwrap().rows;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        (left[0].alias.as_str(), left[0].targets.as_slice()),
        ("both@example.org", &["eve@example.org".into()][..])
    );
}

#[test]
fn aliases_and_accounts_do_not_overlap() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    database.add_accounts(&[row("bob@example.org")], 0).unwrap();
    assert_eq!(alias(&database, "bob@example.org", &["bob@example.org"]), AliasSet::IsAccount);
    assert_eq!(alias(&database, "x@elsewhere.org", &["bob@example.org"]), AliasSet::NoDomain);
    assert_eq!(
        alias(&database, "x@example.org", &["bob@example.org", "y@example.org"]),
        AliasSet::NoTarget("y@example.org".into())
    );
    assert_eq!(database.aliases("", 10).unwrap().rows, []);
    assert_eq!(alias(&database, "x@example.org", &["bob@example.org", "bob@example.org"]), AliasSet::Done);
    assert_eq!(
        database.add_accounts(&[row("x@example.org")], 0).unwrap(),
        Added::Taken("x@example.org".into())
    );
    let refused =
        database.set_alias(&parse("x@example.org").unwrap(), &targets(&["x@example.org"]), |_| Ok(false));
    assert_eq!(refused.unwrap(), AliasSet::Unwanted);
    assert_eq!(database.alias_targets("x@example.org").unwrap(), ["bob@example.org"]);
    assert!(database.remove_alias("x@example.org").unwrap());
    assert!(!database.remove_alias("x@example.org").unwrap());
}

#[test]
fn pages() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    let rows: Vec<_> = (0..5).map(|number| row(&format!("user{number}@example.org"))).collect();
    database.add_accounts(&rows, 0).unwrap();
    let first = database.accounts("", 3).unwrap();
    assert!(first.more && first.rows.len() == 3);
    let second = database.accounts(&first.rows[2].address, 3).unwrap();
    assert!(!second.more);
    assert_eq!(second.rows[0].address, "user3@example.org");
    assert!(!database.accounts("", 5).unwrap().more);
}

#[test]
fn domains() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    assert_eq!(database.add_domain("b.org").unwrap(), DomainChange::Done);
    assert_eq!(database.add_domain("b.org").unwrap(), DomainChange::AsBefore);
    assert_eq!(database.domains().unwrap(), ["b.org", "example.org"]);
    database.add_accounts(&[row("bob@b.org")], 0).unwrap();
    assert_eq!(database.remove_domain("b.org").unwrap(), DomainChange::InUse);
    database.begin_removal("bob@b.org", 0).unwrap();
    assert_eq!(database.remove_domain("b.org").unwrap(), DomainChange::Done);
    assert_eq!(database.remove_domain("b.org").unwrap(), DomainChange::AsBefore);
}

#[test]
fn a_damaged_file_is_refused_with_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accounts.db");
    std::fs::write(&path, vec![b'x'; 8192]).unwrap();
    assert!(matches!(open(&directory), Err(DatabaseError::Damaged(_))));
    std::fs::remove_file(&path).unwrap();

    let database = open(&directory).unwrap();
    let rows: Vec<_> = (0..500).map(|number| row(&format!("user{number}@example.org"))).collect();
    database.add_accounts(&rows, 0).unwrap();
    drop(database);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(open(&directory), Err(DatabaseError::Damaged(_))));
}

#[test]
fn a_newer_release_is_not_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let database = open(&directory).unwrap();
    database.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    assert!(matches!(open(&directory), Err(DatabaseError::Newer { found: 99, .. })));
}
