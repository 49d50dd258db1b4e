//! What this server says it can do: exactly what works in the present state.

use super::context::{Context, Security, State};

/// RFC 3501, 7888, 2971
const PLAIN: &[&str] = &["IMAP4rev1", "LITERAL+", "ID", "STARTTLS", "LOGINDISABLED"];
/// RFC 4959 (SASL-IR)
const TLS: &[&str] = &["IMAP4rev1", "LITERAL+", "ID", "SASL-IR", "AUTH=PLAIN"];
/// RFC 3348, 6154, 5161, 2177, 6851, 2342, 4315, 3691
const LOGGED_IN: &[&str] = &[
    "IMAP4rev1",
    "LITERAL+",
    "CHILDREN",
    "CREATE-SPECIAL-USE",
    "ENABLE",
    "ID",
    "IDLE",
    "MOVE",
    "NAMESPACE",
    "SPECIAL-USE",
    "UIDPLUS",
    "UNSELECT",
];

pub(super) fn of(context: &Context) -> &'static [&'static str] {
    match (&context.state, context.security) {
        (State::Authenticated | State::Selected(_), _) => LOGGED_IN,
        (_, Security::Plain) => PLAIN,
        (_, Security::Tls) => TLS,
    }
}
