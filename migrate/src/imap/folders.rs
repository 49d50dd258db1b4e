//! Which of a server's folders are brought along, and what they are called here.

use std::collections::BTreeSet;

use ipc::service::mailbox::{HIERARCHY, INBOX, SpecialUse, is_name};

use super::glob::stands_for;
use super::rows::{Listed, Namespaces};

/// Which folders are wanted, by patterns of their names: levels between `/`, `*` for any number of characters, `?` for one.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Only these, if there are any.
    pub only: Vec<String>,
    /// Not these.
    pub without: Vec<String>,
}

impl Wanted {
    fn wants(&self, name: &str) -> bool {
        let among = |patterns: &[String]| patterns.iter().any(|pattern| stands_for(pattern, name));
        (self.only.is_empty() || among(&self.only)) && !among(&self.without)
    }
}

/// A folder that is brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFolder {
    /// Its name, as the server spells it.
    pub there: Vec<u8>,
    /// Its name here.
    pub here: String,
}

/// What is brought along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The folders, the inbox first.
    pub folders: Vec<RemoteFolder>,
    /// Names that are subscribed there, as they are called here.
    pub subscribed: Vec<String>,
    /// Folders that cannot have a mailbox here: what the server calls them.
    pub nameless: Vec<String>,
}

impl Plan {
    /// What comes of a server's folders. `special` are the mailboxes here that have a special use: a server's folder of the
    /// same use becomes that one, unless another folder there has that one's name.
    #[must_use]
    pub fn of(
        listed: &[Listed],
        subscribed: &[Listed],
        namespaces: &Namespaces,
        special: &[(SpecialUse, String)],
        wanted: &Wanted,
    ) -> Self {
        let own: Vec<(&Listed, Option<String>)> = listed
            .iter()
            .filter(|row| is_own(row, namespaces))
            .map(|row| (row, name(row, namespaces)))
            .collect();
        let renames = renames(&own, special);
        let mut plan = Plan::default();
        let mut taken = BTreeSet::new();
        for (row, name) in own.iter().filter(|(row, _)| row.can_be_opened()) {
            let here = name.as_deref().map(|name| renamed(name, &renames));
            match (name, here) {
                (Some(name), _) if !wanted.wants(name) => {}
                (Some(_), Some(here)) if is_name(&here) && taken.insert(here.clone()) => {
                    plan.folders.push(RemoteFolder { there: row.name.clone(), here });
                }
                _ => plan.nameless.push(String::from_utf8_lossy(&row.name).into_owned()),
            }
        }
        plan.folders.sort_by(|a, b| (a.here != INBOX, &a.here).cmp(&(b.here != INBOX, &b.here)));
        let names =
            subscribed.iter().filter(|row| is_own(row, namespaces)).filter_map(|row| name(row, namespaces));
        let names = names.filter(|name| wanted.wants(name)).map(|name| renamed(&name, &renames));
        plan.subscribed = names.filter(|name| is_name(name)).collect();
        plan
    }
}

/// Does it belong to the account, and not to others (RFC 2342)?
fn is_own(row: &Listed, namespaces: &Namespaces) -> bool {
    !namespaces.foreign.iter().any(|prefix| {
        // `user.` is of the folder `user`, too
        let stem = row
            .separator
            .map_or(prefix.as_slice(), |separator| prefix.strip_suffix(&[separator]).unwrap_or(prefix));
        row.name.starts_with(prefix) || row.name == stem
    })
}

/// Its whole name as we spell it, without the prefix that all of the account's folders have.
fn name(row: &Listed, namespaces: &Namespaces) -> Option<String> {
    let bare = row.name.strip_prefix(namespaces.own.as_slice()).filter(|bare| !bare.is_empty());
    let bare = bare.unwrap_or(&row.name);
    let levels: Vec<String> = match row.separator {
        Some(separator) => bare.split(|byte| *byte == separator).map(level).collect::<Option<_>>()?,
        None => vec![level(bare)?],
    };
    let (top, rest) = levels.split_first()?;
    let top = if top.eq_ignore_ascii_case(INBOX) { INBOX } else { top };
    let name = std::iter::once(top).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>();
    Some(name.join(&HIERARCHY.to_string())).filter(|name| is_name(name))
}

/// A level of a name (RFC 3501 section 5.1.3). A `/` in it would be another level here.
fn level(encoded: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(encoded).ok()?;
    let decoded = mime::utf7::decode(text).unwrap_or_else(|| text.to_owned());
    Some(decoded.replace(HIERARCHY, "_"))
}

/// What the server's folders with a special use are called here.
fn renames(own: &[(&Listed, Option<String>)], special: &[(SpecialUse, String)]) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = own.iter().filter_map(|(_, name)| name.as_deref()).collect();
    let mut renames = Vec::new();
    for (special_use, here) in special {
        let attribute = attribute(*special_use);
        let mut of_that_use =
            own.iter().filter(|(row, _)| row.attributes.iter().any(|found| found == attribute));
        let Some((_, Some(there))) = of_that_use.next() else { continue };
        if there != INBOX && !names.contains(here.as_str()) {
            renames.push((there.clone(), here.clone()));
        }
    }
    renames
}

fn attribute(special_use: SpecialUse) -> &'static str {
    match special_use {
        SpecialUse::Archive => "\\archive",
        SpecialUse::Drafts => "\\drafts",
        SpecialUse::Junk => "\\junk",
        SpecialUse::Sent => "\\sent",
        SpecialUse::Trash => "\\trash",
    }
}

/// With what it is beneath called otherwise.
fn renamed(name: &str, renames: &[(String, String)]) -> String {
    let beneath = |(from, to): &(String, String)| {
        let rest = name.strip_prefix(from.as_str())?;
        (rest.is_empty() || rest.starts_with(HIERARCHY)).then(|| (from.len(), format!("{to}{rest}")))
    };
    let deepest = renames.iter().filter_map(beneath).max_by_key(|(length, _)| *length);
    deepest.map_or_else(|| name.to_owned(), |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, separator: char, attributes: &[&str]) -> Listed {
        Listed {
            name: name.into(),
            separator: Some(separator as u8),
            attributes: attributes.iter().map(|&attribute| attribute.to_owned()).collect(),
        }
    }

    fn here(plan: &Plan) -> Vec<&str> {
        plan.folders.iter().map(|folder| folder.here.as_str()).collect()
    }

    fn specials() -> Vec<(SpecialUse, String)> {
        vec![(SpecialUse::Sent, "Sent".to_owned()), (SpecialUse::Trash, "Trash".to_owned())]
    }

    #[test]
    fn another_hierarchy_and_spelling() {
        let rows = [
            listed("Entw&APw-rfe.a/b", '.', &[]),
            listed("inbox", '.', &[]),
            listed("lists", '.', &["\\noselect"]),
            listed("lists.rust", '.', &[]),
            listed("a..b", '.', &[]),
            listed("a\u{7}", '.', &[]),
        ];
        let plan = Plan::of(&rows, &rows[2..4], &Namespaces::default(), &[], &Wanted::default());
        assert_eq!(here(&plan), [INBOX, "Entwürfe/a_b", "lists/rust"]);
        assert_eq!(plan.folders[1].there, b"Entw&APw-rfe.a/b");
        assert_eq!(plan.subscribed, ["lists", "lists/rust"]);
        assert_eq!(plan.nameless.len(), 2, "{plan:?}");
    }

    #[test]
    fn the_prefix_of_all_folders_goes_and_others_folders_stay_there() {
        let namespaces =
            Namespaces { own: b"INBOX.".to_vec(), foreign: vec![b"user.".to_vec(), b"shared.".to_vec()] };
        let rows = ["INBOX", "INBOX.Sent", "INBOX.Sent.2024", "user", "user.carla", "shared.all", "users"];
        let rows = rows.map(|name| listed(name, '.', &[]));
        let plan = Plan::of(&rows, &rows, &namespaces, &[], &Wanted::default());
        assert_eq!(here(&plan), [INBOX, "Sent", "Sent/2024", "users"]);
        assert_eq!(plan.subscribed.len(), 4);
    }

    #[test]
    fn folders_of_a_use_become_ours_of_that_use() {
        let rows = [
            listed("Sent Items", '/', &["\\sent"]),
            listed("Sent Items/2024", '/', &[]),
            listed("Sent Items2", '/', &[]),
            listed("Bin", '/', &["\\trash"]),
            listed("Trash", '/', &[]),
        ];
        let plan = Plan::of(&rows, &rows[..1], &Namespaces::default(), &specials(), &Wanted::default());
        assert_eq!(here(&plan), ["Bin", "Sent", "Sent Items2", "Sent/2024", "Trash"], "two are not made one");
        assert_eq!(plan.subscribed, ["Sent"]);
    }

    #[test]
    fn no_two_folders_become_one() {
        let rows = [
            listed("x/y", '.', &[]),
            listed("x_y", '.', &[]),
            listed("Gesendet", '.', &["\\sent"]),
            listed("Auch", '.', &["\\sent"]),
        ];
        let plan = Plan::of(&rows, &[], &Namespaces::default(), &specials(), &Wanted::default());
        assert_eq!(here(&plan), ["Auch", "Sent", "x_y"]);
        assert_eq!(plan.nameless, ["x_y"]);
    }

    #[test]
    fn some_are_wanted() {
        let rows = ["INBOX", "lists/rust", "lists/spam", "Junk"].map(|name| listed(name, '/', &[]));
        let plan = |only: &[&str], without: &[&str]| {
            let patterns = |given: &[&str]| given.iter().map(|&pattern| pattern.to_owned()).collect();
            let wanted = Wanted { only: patterns(only), without: patterns(without) };
            Plan::of(&rows, &rows, &Namespaces::default(), &[], &wanted)
        };
        assert_eq!(here(&plan(&["lists/*"], &["*spam"])), ["lists/rust"]);
        assert_eq!(here(&plan(&[], &["Junk", "lists*"])), [INBOX]);
        assert_eq!(plan(&["INBOX"], &[]).subscribed, [INBOX]);
    }
}
