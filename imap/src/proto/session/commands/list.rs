//! LIST and LSUB, RFC 3501 sections 6.3.8 and 6.3.9, with the attributes of RFC 3348 and RFC 6154.

use std::collections::{BTreeMap, btree_map};

use ipc::service::mailbox::{MailboxReply, MailboxRequest, SUBSCRIPTIONS_MAX, SpecialUse};

use super::lookup::Walk;
use super::{Answer, Ask, Completion, Context, Fault, Io, Running, Turn, reply};
use crate::proto::parse::{ListPattern, MailboxName};
use crate::proto::response::{self, Attribute, Verb};

#[derive(Debug)]
pub(super) struct List {
    reference: String,
    pattern: ListPattern,
    source: Source,
    nodes: Nodes,
}

/// Names, INBOX first.
#[derive(Debug)]
enum Nodes {
    /// More may come.
    Gathered(BTreeMap<Key, Node>),
    /// These have yet to be told.
    Left(btree_map::IntoIter<Key, Node>),
}

/// Characters of names, times characters of the pattern, that are compared before others have their turn.
const COMPARED: usize = 1 << 18;

/// Where the names come from.
#[derive(Debug)]
enum Source {
    /// LIST: mailboxes.
    Mailboxes(Walk),
    /// LSUB: names that are subscribed, whether or not they are mailboxes; from behind the last that came.
    Subscriptions { after: Option<String>, seen: usize },
}

/// Orders INBOX before everything, and a name before what is below it.
type Key = (bool, Vec<String>);

/// A name in the hierarchy.
#[derive(Debug, Default)]
struct Node {
    /// Is there one of exactly that name, or only some below it?
    named: Option<Option<SpecialUse>>,
    /// Is there any below it?
    children: bool,
}

impl List {
    pub(super) fn new(verb: Verb, reference: String, pattern: ListPattern) -> Self {
        let source = match verb {
            Verb::List => Source::Mailboxes(Walk::default()),
            Verb::Lsub => Source::Subscriptions { after: None, seen: 0 },
        };
        List { reference, pattern, source, nodes: Nodes::Gathered(BTreeMap::new()) }
    }

    fn verb(&self) -> Verb {
        match self.source {
            Source::Mailboxes(_) => Verb::List,
            Source::Subscriptions { .. } => Verb::Lsub,
        }
    }

    fn ask(&self) -> Ask {
        match &self.source {
            Source::Mailboxes(walk) => walk.ask(),
            Source::Subscriptions { after, .. } => {
                Ask::Request(MailboxRequest::Subscriptions { after: after.clone() })
            }
        }
    }

    /// Takes a page. Does another follow?
    fn take(&mut self, answer: Option<Answer>) -> Result<bool, Fault> {
        let Nodes::Gathered(nodes) = &mut self.nodes else { return Err(Fault::OutOfPhase) };
        match &mut self.source {
            Source::Mailboxes(walk) => {
                let (rows, more) = walk.take(answer)?;
                rows.into_iter().for_each(|row| add(nodes, &row.name, row.special_use));
                Ok(more)
            }
            Source::Subscriptions { after, seen } => {
                let MailboxReply::Subscriptions { names, more } = reply(answer)? else {
                    return Err(Fault::OutOfPhase);
                };
                *seen = seen.saturating_add(names.len());
                let last = names.last().cloned();
                // names rise, or this would never end
                let more = more && last > *after && *seen < SUBSCRIPTIONS_MAX;
                *after = last.or(after.take());
                names.iter().for_each(|name| add(nodes, name, None));
                Ok(more)
            }
        }
    }

    /// Tells some more of them: ten thousand names of a thousand characters are not compared, and not kept in memory, at once.
    fn tell(&mut self, out: &mut Vec<u8>) -> Turn {
        // Section 6.3.9: of the levels above what is subscribed, those are told that "%" asks for.
        let levels_above = self.verb() == Verb::List || self.pattern.as_str().contains('%');
        let mut compared = 0_usize;
        loop {
            if compared > COMPARED || out.len() >= super::super::PENDING_OUTPUT {
                return Turn::Flush;
            }
            let Nodes::Left(left) = &mut self.nodes else { return Turn::Flush };
            let Some(((_, levels), node)) = left.next() else {
                return Completion::ok("Mailboxes listed.").into();
            };
            let name = levels.join(&MailboxName::DELIMITER.to_string());
            let Some(name) = MailboxName::new(&name).filter(|_| node.named.is_some() || levels_above) else {
                continue;
            };
            let pattern = self.reference.len().saturating_add(self.pattern.as_str().len());
            compared = compared.saturating_add(pattern.saturating_mul(name.as_str().len()));
            if self.pattern.matches(&self.reference, name.as_str()) {
                response::list(self.verb(), &self.attributes(&node), &name, out);
            }
        }
    }

    fn attributes(&self, node: &Node) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        if node.named.is_none() {
            attributes.push(Attribute::NoSelect);
        }
        if self.verb() == Verb::List {
            attributes.push(if node.children { Attribute::HasChildren } else { Attribute::HasNoChildren });
            attributes.extend(node.named.flatten().map(special_use));
        }
        attributes
    }
}

impl Running for List {
    fn resume(&mut self, _: &mut Context, io: &mut Io<'_>, answer: Option<Answer>) -> Result<Turn, Fault> {
        if let Nodes::Left(_) = self.nodes {
            return Ok(self.tell(io.output));
        }
        if answer.is_none() {
            // RFC 3501 section 6.3.8: "An empty ("" string) mailbox name argument is a special request to return the
            // hierarchy delimiter and the root name of the name given in the reference."
            if self.pattern.as_str().is_empty() && self.verb() == Verb::List {
                response::list_root(io.output);
                return Ok(Completion::ok("Delimiter listed.").into());
            }
            return Ok(self.ask().into());
        }
        if self.take(answer)? {
            return Ok(self.ask().into());
        }
        if let Nodes::Gathered(nodes) = &mut self.nodes {
            self.nodes = Nodes::Left(std::mem::take(nodes).into_iter());
        }
        Ok(self.tell(io.output))
    }
}

fn add(nodes: &mut BTreeMap<Key, Node>, name: &str, special_use: Option<SpecialUse>) {
    let levels: Vec<String> = name.split(MailboxName::DELIMITER).map(str::to_owned).collect();
    for depth in 1..levels.len() {
        let above = levels.get(..depth).unwrap_or_default();
        nodes.entry(key(above)).or_default().children = true;
    }
    nodes.entry(key(&levels)).or_default().named = Some(special_use);
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
