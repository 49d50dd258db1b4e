//! IMAP4rev1 (RFC 3501) without input and output: the grammar of commands and of responses, the view of a mailbox, and
//! the session that turns commands into questions to the store and answers into responses.

mod ask;
pub mod parse;
pub mod response;
mod search;
mod session;
mod view;
mod work;

pub use ask::{Answer, Ask, LoginOutcome, Look};
pub use search::BodySearch;
pub use session::{ImapSession, Security, Settings};
pub use view::Shares;
pub use work::{Product, Work};
