//! CREATE, RFC 3501 section 6.3.3, with the special use of the new mailbox, RFC 6154 section 3.

use ipc::service::mailbox::SpecialUse;

use super::command::Command;
use super::cursor::Cursor;
use super::mailbox;
use super::syntax::{Parsed, Syntax};

/// The special use that a new mailbox is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WantedUse {
    /// None.
    None,
    /// This one.
    One(SpecialUse),
    /// One that mailboxes do not have here, or several at once.
    Unsupported,
}

/// Parameters of one CREATE, and uses in one parameter; there is one, and there are seven.
const MAX: usize = 16;

/// ` mailbox` or ` mailbox (USE (\Use …))`
pub(super) fn create(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = mailbox::name_to_create(cursor)?;
    let mut ahead = cursor.clone();
    if !(ahead.skip(b' ') && ahead.peek() == Some(b'(')) {
        return Ok(Command::Create { mailbox, wanted: WantedUse::None });
    }
    *cursor = ahead;
    let mut parameters = cursor.list(MAX, parameter)?;
    match (parameters.pop(), parameters.is_empty()) {
        (Some(wanted), true) => Ok(Command::Create { mailbox, wanted }),
        _ => Err(Syntax::CreateParameter),
    }
}

/// `"USE" SP "(" [use-attr *(SP use-attr)] ")"`
fn parameter(cursor: &mut Cursor<'_>) -> Parsed<WantedUse> {
    if cursor.word() != "USE" {
        return Err(Syntax::CreateParameter);
    }
    cursor.space()?;
    Ok(match cursor.list(MAX, special_use)?.as_slice() {
        [] => WantedUse::None,
        [one] => one.map_or(WantedUse::Unsupported, WantedUse::One),
        _ => WantedUse::Unsupported,
    })
}

/// `use-attr`; `None`: none that mailboxes have here.
fn special_use(cursor: &mut Cursor<'_>) -> Parsed<Option<SpecialUse>> {
    cursor.expect(b'\\', Syntax::CreateParameter)?;
    let name = cursor.atom().map_err(|_| Syntax::CreateParameter)?;
    let known = [
        ("Archive", SpecialUse::Archive),
        ("Drafts", SpecialUse::Drafts),
        ("Junk", SpecialUse::Junk),
        ("Sent", SpecialUse::Sent),
        ("Trash", SpecialUse::Trash),
    ];
    Ok(known
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, special_use)| special_use))
}

#[cfg(test)]
mod tests {
    use super::super::command;
    use super::*;

    fn wanted(arguments: &str) -> Result<WantedUse, Syntax> {
        match command(format!("a CREATE {arguments}").as_bytes()) {
            Ok(tagged) => match tagged.command {
                Command::Create { mailbox, wanted } if mailbox.as_str() == "x" => Ok(wanted),
                other => panic!("{other:?}"),
            },
            Err(refused) => Err(refused.why),
        }
    }

    #[test]
    fn uses() {
        for (arguments, want) in [
            ("x", Ok(WantedUse::None)),
            ("x/", Ok(WantedUse::None)),
            ("x ", Ok(WantedUse::None)),
            ("x (USE (\\Drafts))", Ok(WantedUse::One(SpecialUse::Drafts))),
            ("\"x\" (use (\\jUNK))", Ok(WantedUse::One(SpecialUse::Junk))),
            ("x (USE ())", Ok(WantedUse::None)),
            ("x (USE (\\All))", Ok(WantedUse::Unsupported)),
            ("x (USE (\\Sent \\Drafts))", Ok(WantedUse::Unsupported)),
            ("x ()", Err(Syntax::CreateParameter)),
            ("x (USE)", Err(Syntax::Space)),
            ("x (USE (Drafts))", Err(Syntax::CreateParameter)),
            ("x (USE (\\))", Err(Syntax::CreateParameter)),
            ("x (QUOTA 5)", Err(Syntax::CreateParameter)),
            ("x (USE (\\Sent) USE (\\Sent))", Err(Syntax::CreateParameter)),
            ("x (USE (\\Sent)", Err(Syntax::List)),
            ("x y", Err(Syntax::Trailing)),
        ] {
            assert_eq!(wanted(arguments), want, "{arguments}");
        }
    }
}
