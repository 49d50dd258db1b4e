//! EHLO and HELO, RFC 5321 section 4.1.1.1.

use crate::proto::context::Context;
use crate::proto::parse::ClientName;
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, Protocol};
use crate::proto::{Settings, StartTls};

/// RFC 5321 section 4.1.4: EHLO in a session that has begun clears all as RSET does.
pub(super) fn ehlo(context: &mut Context, name: ClientName) -> Next {
    context.idle_command();
    let reply = Reply::plain(250, extensions(&context.settings, &context.security));
    Next::Reply(Dialog::Ready(Hello::new(name, Protocol::Esmtp)), reply)
}

pub(super) fn helo(context: &mut Context, name: ClientName) -> Next {
    context.idle_command();
    let reply = Reply::plain(250, context.settings.hostname.clone());
    Next::Reply(Dialog::Ready(Hello::new(name, Protocol::Smtp)), reply)
}

fn extensions(settings: &Settings, security: &Security) -> String {
    let mut lines = format!("{}\nPIPELINING\nSIZE {}\n", settings.hostname, settings.max_message_size);
    // RFC 3207 section 4.2: "The server MUST NOT return the STARTTLS extension in response to an EHLO command received
    // after a TLS handshake has completed."
    if settings.starttls == StartTls::Offered && *security == Security::Plain {
        lines.push_str("STARTTLS\n");
    }
    lines.push_str("ENHANCEDSTATUSCODES\n8BITMIME");
    lines
}
