//! LIST and LSUB, RFC 3501 sections 6.3.8 and 6.3.9, with the attributes of RFC 3348 and RFC 6154.

use std::collections::BTreeMap;

use ipc::service::mailbox::{MailboxRow, SpecialUse};

use super::lookup::Walk;
use super::{Answer, Completion, Context, Fault, Io, Running, Turn};
use crate::proto::parse::{ListPattern, MailboxName};
use crate::proto::response::{self, Attribute, Verb};

#[derive(Debug)]
pub(super) struct List {
    verb: Verb,
    reference: String,
    pattern: ListPattern,
    walk: Walk,
    /// By name, INBOX first.
    nodes: BTreeMap<Key, Node>,
}

/// Orders INBOX before everything, and a name before what is below it.
type Key = (bool, Vec<String>);

/// A name in the hierarchy.
#[derive(Debug, Default)]
struct Node {
    /// Is there a mailbox of that name (subscribed, for LSUB), or only some below it?
    mailbox: Option<Option<SpecialUse>>,
    /// Is there any below it?
    children: bool,
}

impl List {
    pub(super) fn new(verb: Verb, reference: String, pattern: ListPattern) -> Self {
        List { verb, reference, pattern, walk: Walk::default(), nodes: BTreeMap::new() }
    }

    fn add(&mut self, row: MailboxRow) {
        if self.verb == Verb::Lsub && !row.subscribed {
            return;
        }
        let levels: Vec<String> = row.name.split(MailboxName::DELIMITER).map(str::to_owned).collect();
        for depth in 1..levels.len() {
            let above = levels.get(..depth).unwrap_or_default();
            self.nodes.entry(key(above)).or_default().children = true;
        }
        self.nodes.entry(key(&levels)).or_default().mailbox = Some(row.special_use);
    }

    fn tell(&self, out: &mut Vec<u8>) {
        for ((_, levels), node) in &self.nodes {
            let name = levels.join(&MailboxName::DELIMITER.to_string());
            let Some(name) = MailboxName::new(&name) else { continue };
            // A name that is no mailbox is of use only to a client that goes down level by level.
            let wanted = node.mailbox.is_some() || self.pattern.as_str().contains('%');
            if wanted && self.pattern.matches(&self.reference, name.as_str()) {
                response::list(self.verb, &self.attributes(node), &name, out);
            }
        }
    }

    fn attributes(&self, node: &Node) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        if node.mailbox.is_none() {
            attributes.push(Attribute::NoSelect);
        }
        if self.verb == Verb::List {
            attributes.push(if node.children { Attribute::HasChildren } else { Attribute::HasNoChildren });
            attributes.extend(node.mailbox.flatten().map(special_use));
        }
        attributes
    }
}

impl Running for List {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        if answer.is_none() {
            // RFC 3501 section 6.3.8: "An empty ("" string) mailbox name argument is a special request to return the
            // hierarchy delimiter and the root name of the name given in the reference."
            if self.pattern.as_str().is_empty() && self.verb == Verb::List {
                response::list_root(io.output);
                return Ok(Completion::ok("Delimiter listed.").into());
            }
            return Ok(self.walk.ask().into());
        }
        let (rows, more) = self.walk.take(answer)?;
        rows.into_iter().for_each(|row| self.add(row));
        if more {
            return Ok(self.walk.ask().into());
        }
        self.tell(io.output);
        Ok(Completion::ok("Mailboxes listed.").into())
    }
}

fn key(levels: &[String]) -> Key {
    (levels.first().is_none_or(|first| first != "INBOX"), levels.to_vec())
}

fn special_use(use_: SpecialUse) -> Attribute {
    match use_ {
        SpecialUse::Archive => Attribute::Archive,
        SpecialUse::Drafts => Attribute::Drafts,
        SpecialUse::Junk => Attribute::Junk,
        SpecialUse::Sent => Attribute::Sent,
        SpecialUse::Trash => Attribute::Trash,
    }
}
