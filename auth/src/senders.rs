//! Whom an account may send as: its own address, and every alias that leads to it, alone or with others. What a catch-all
//! or a subaddress covers is its own only where no account and no other alias has the name, as it is with mail that arrives.

use std::collections::HashSet;

use ipc::mail::{Address, Senders};

use crate::database::{Database, DatabaseError};

/// The most bytes of them, so that they fit into one message with room to spare.
const BYTES_MAX: usize = 64 * 1024;
/// The most bytes of those among them that are others'.
const EXCEPT_BYTES_MAX: usize = 32 * 1024;
/// What an address takes beside its text.
const ADDRESS_OVERHEAD: usize = 16;

/// Those of the account that has this address. Of more than there is room for, the ones that lead to it most directly.
///
/// # Errors
/// When the database cannot be read.
pub fn senders(database: &Database, address: &str) -> Result<Senders, DatabaseError> {
    let (own, names) = leading_to(database, address)?;
    let (mut addresses, mut except) = (Vec::with_capacity(own.len()), Vec::new());
    let mut bytes = 0_usize;
    for one in own {
        let beneath = database.names_beneath(&one, Senders::MAX.saturating_mul(2))?;
        let others: Vec<_> = beneath.into_iter().filter(|name| !names.contains(name)).collect();
        let more = others.iter().map(|name| weight(name)).fold(bytes, usize::saturating_add);
        if except.len().saturating_add(others.len()) > Senders::MAX || more > EXCEPT_BYTES_MAX {
            tracing::warn!(address, covers = %one, "it covers too many names of others to be sent as");
            continue;
        }
        bytes = more;
        except.extend(others.iter().filter_map(|name| parsed(name)));
        addresses.push(one);
    }
    addresses.sort_unstable();
    Ok(Senders { addresses, except })
}

/// What leads to it, the nearest first; and all names that were come by.
fn leading_to(database: &Database, address: &str) -> Result<(Vec<Address>, HashSet<String>), DatabaseError> {
    let mut addresses: Vec<Address> = Vec::new();
    let mut seen = HashSet::from([address.to_owned()]);
    let mut level = vec![address.to_owned()];
    let mut bytes = 0_usize;
    while !level.is_empty() {
        let mut next = Vec::new();
        for name in level {
            bytes = bytes.saturating_add(weight(&name));
            if addresses.len() >= Senders::MAX || bytes > BYTES_MAX {
                tracing::warn!(address, "more aliases lead to it than it can be told to send as");
                return Ok((addresses, seen));
            }
            let above = database.aliases_to(&name, Senders::MAX)?;
            next.extend(above.into_iter().filter(|alias| seen.insert(alias.clone())));
            addresses.extend(parsed(&name));
        }
        level = next;
    }
    Ok((addresses, seen))
}

/// As it stands in the database; the local part of a domain's catch-all is empty.
fn parsed(name: &str) -> Option<Address> {
    let (local, domain) = name.rsplit_once('@')?;
    Some(Address { local: local.to_owned(), domain: domain.to_owned() })
}

fn weight(name: &str) -> usize {
    name.len().saturating_add(ADDRESS_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{parse, parse_alias};
    use crate::database::{Added, AliasSet, NewRow};

    fn database() -> (tempfile::TempDir, Database) {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(&directory.path().join("accounts.db"), "example.org").unwrap();
        database.add_domain("b.org").unwrap();
        let rows = ["bob@example.org", "eve@example.org"]
            .map(|address| NewRow { address: parse(address).unwrap(), hash: String::new() });
        assert_eq!(database.add_accounts(&rows, 0).unwrap(), Added::All);
        (directory, database)
    }

    fn lead(database: &Database, alias: &str, targets: &[&str]) {
        let targets: Vec<_> = targets.iter().map(|target| parse(target).unwrap()).collect();
        let set = database.set_alias(&parse_alias(alias).unwrap(), &targets, |_| Ok(true)).unwrap();
        assert_eq!(set, AliasSet::Done);
    }

    fn of(database: &Database, address: &str) -> Vec<String> {
        senders(database, address).unwrap().addresses.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_alias_that_leads_there() {
        let (_directory, database) = database();
        assert_eq!(of(&database, "bob@example.org"), ["bob@example.org"]);
        lead(&database, "sales@example.org", &["bob@example.org", "eve@example.org"]);
        lead(&database, "info@b.org", &["sales@example.org"]);
        lead(&database, "@b.org", &["eve@example.org"]);
        assert_eq!(of(&database, "bob@example.org"), ["bob@example.org", "info@b.org", "sales@example.org"]);
        assert_eq!(
            of(&database, "eve@example.org"),
            ["@b.org", "eve@example.org", "info@b.org", "sales@example.org"]
        );
        assert!(senders(&database, "eve@example.org").unwrap().allow(&parse("any@b.org").unwrap()));
        assert!(!senders(&database, "bob@example.org").unwrap().allow(&parse("eve@example.org").unwrap()));
    }

    #[test]
    fn what_leads_to_others_is_not_sent_as() {
        let (_directory, database) = database();
        lead(&database, "@example.org", &["bob@example.org"]);
        lead(&database, "sales@example.org", &["eve@example.org", "bob@example.org"]);
        lead(&database, "info@example.org", &["eve@example.org"]);
        lead(&database, "@b.org", &["eve@example.org"]);
        lead(&database, "bob+lists@b.org", &["eve@example.org"]);
        lead(&database, "bob@b.org", &["bob@example.org"]);
        let found = senders(&database, "bob@example.org").unwrap();
        for own in
            ["bob@example.org", "sales@example.org", "any@example.org", "bob+x@b.org", "Any+x@example.org"]
        {
            assert!(
                found.allow(&Address { local: own.split_once('@').unwrap().0.into(), ..parse(own).unwrap() }),
                "{own}"
            );
        }
        for other in [
            "Eve@example.org",
            "eve+x@example.org",
            "info@example.org",
            "any@b.org",
            "bob+lists@b.org",
            "eve@b.org",
        ] {
            assert!(!found.allow(&parse(other).unwrap()), "{other}");
        }
        let eves = senders(&database, "eve@example.org").unwrap();
        assert!(eves.allow(&parse("bob+lists@b.org").unwrap()) && !eves.allow(&parse("bob@b.org").unwrap()));
    }

    #[test]
    fn a_catch_all_among_too_many_others_is_left_out() {
        let (_directory, database) = database();
        lead(&database, "@b.org", &["bob@example.org"]);
        for number in 0..=Senders::MAX {
            lead(&database, &format!("{number}@b.org"), &["eve@example.org"]);
        }
        assert_eq!(of(&database, "bob@example.org"), ["bob@example.org"]);
    }

    #[test]
    fn aliases_that_lead_in_a_circle_end() {
        let (_directory, database) = database();
        lead(&database, "a@b.org", &["bob@example.org"]);
        lead(&database, "b@b.org", &["a@b.org"]);
        lead(&database, "a@b.org", &["bob@example.org", "b@b.org"]);
        assert_eq!(of(&database, "bob@example.org"), ["a@b.org", "b@b.org", "bob@example.org"]);
    }

    #[test]
    fn never_more_than_fit_and_its_own_address_among_them() {
        let (_directory, database) = database();
        for number in 0..Senders::MAX + 50 {
            lead(&database, &format!("{number:0>60}@b.org"), &["bob@example.org"]);
        }
        let found = senders(&database, "bob@example.org").unwrap();
        assert!((700..=Senders::MAX).contains(&found.addresses.len()));
        assert!(found.allow(&parse("bob@example.org").unwrap()));
        assert!(ipc::codec::encode(&found).unwrap().len() <= BYTES_MAX + 16);
    }
}
