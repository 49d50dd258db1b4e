//! The keyword table of a mailbox: which bit is which keyword.

use ipc::mail::SystemFlags;
use ipc::service::mailbox::{KEYWORDS_MAX, MessageRow};

use crate::proto::parse::{Flag, Keyword};
use crate::proto::response::{self, Code, Condition, PermanentFlags};

use super::Access;

/// The table as the client knows it. A name that is no keyword, which no honest store has, is never told.
#[derive(Debug, Default)]
pub(crate) struct Keywords {
    table: Vec<Option<Flag>>,
}

impl Keywords {
    pub(crate) fn new(names: &[String]) -> Self {
        let table = names.iter().take(KEYWORDS_MAX);
        Keywords { table: table.map(|name| Keyword::new(name).map(Flag::Keyword)).collect() }
    }

    /// Takes the table as it is now; tells the client when it has grown (RFC 3501 section 7.2.6).
    pub(crate) fn update(&mut self, names: &[String], access: Access, out: &mut Vec<u8>) {
        if names.len() > self.table.len() {
            *self = Self::new(names);
            self.tell(access, out);
        }
    }

    /// `* FLAGS (…)` and `* OK [PERMANENTFLAGS (…)]`
    pub(crate) fn tell(&self, access: Access, out: &mut Vec<u8>) {
        let known: Vec<Flag> = Flag::SYSTEM.into_iter().chain(self.table.iter().flatten().cloned()).collect();
        response::flags(&known, out);
        let (permanent, text) = match access {
            Access::ReadWrite => {
                let new_keywords = self.table.len() < KEYWORDS_MAX;
                (PermanentFlags { flags: &known, new_keywords }, "Flags that can be changed.")
            }
            Access::ReadOnly => {
                (PermanentFlags { flags: &[], new_keywords: false }, "No flags can be changed.")
            }
        };
        response::untagged(Condition::Ok, Some(Code::PermanentFlags(permanent)), text, out);
    }

    /// The flags of a message, by their names.
    pub(crate) fn of(&self, row: &MessageRow) -> Vec<Flag> {
        let system = Flag::SYSTEM
            .into_iter()
            .filter(|flag| system_flag(flag).is_some_and(|system| row.flags.has(system)));
        let bits = self.table.iter().enumerate().filter(|(bit, _)| row.keywords >> bit & 1 == 1);
        system.chain(bits.filter_map(|(_, keyword)| keyword.clone())).collect()
    }

    /// The bit of a keyword; none are set when the mailbox has no such keyword.
    pub(crate) fn bit(&self, keyword: &Keyword) -> u64 {
        let named = |flag: &Option<Flag>| matches!(flag, Some(Flag::Keyword(known)) if known == keyword);
        self.table.iter().position(named).map_or(0, |bit| 1 << bit)
    }

    /// Flags as the store knows them: system flags, and keywords by the bits of this table.
    pub(crate) fn bits(&self, flags: &[Flag]) -> (SystemFlags, u64) {
        flags.iter().fold((SystemFlags::default(), 0), |(system, keywords), flag| match flag {
            Flag::Keyword(keyword) => (system, keywords | self.bit(keyword)),
            flag => (system.with(system_flag(flag).unwrap_or_default()), keywords),
        })
    }
}

/// The store's bit of a system flag; `None` for a keyword.
pub(crate) fn system_flag(flag: &Flag) -> Option<SystemFlags> {
    match flag {
        Flag::Answered => Some(SystemFlags::ANSWERED),
        Flag::Flagged => Some(SystemFlags::FLAGGED),
        Flag::Deleted => Some(SystemFlags::DELETED),
        Flag::Seen => Some(SystemFlags::SEEN),
        Flag::Draft => Some(SystemFlags::DRAFT),
        Flag::Keyword(_) => None,
    }
}
