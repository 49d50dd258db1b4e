//! EHLO and HELO, RFC 5321 section 4.1.1.1, and LHLO, RFC 2033 section 4.1.

use super::{forget, unknown};
use crate::proto::context::Context;
use crate::proto::parse::ClientName;
use crate::proto::received::Security;
use crate::proto::reply::Reply;
use crate::proto::state::{Dialog, Hello, Next, Protocol};
use crate::proto::{Service, StartTls};

/// RFC 5321 section 4.1.4: EHLO in a session that has begun clears all as RSET does.
pub(super) fn ehlo(context: &mut Context, dialog: Dialog, name: ClientName) -> Next {
    match context.service() {
        Service::Mx | Service::Submission => extended(context, dialog, Hello::new(name, Protocol::Esmtp)),
        Service::Lmtp => unknown(dialog),
    }
}

pub(super) fn helo(context: &mut Context, dialog: Dialog, name: ClientName) -> Next {
    match context.service() {
        Service::Mx | Service::Submission => {
            context.idle_command();
            let reply = Reply::plain(250, context.settings.hostname.clone());
            forget(dialog, Dialog::Ready(Hello::new(name, Protocol::Smtp)), reply)
        }
        // RFC 2033 section 4.1: "The LHLO command has identical semantics to the EHLO command. […] the HELO and EHLO
        // commands of ESMTP are replaced by it"; a client that says them is at the wrong door
        Service::Lmtp => unknown(dialog),
    }
}

pub(super) fn lhlo(context: &mut Context, dialog: Dialog, name: ClientName) -> Next {
    match context.service() {
        Service::Mx | Service::Submission => unknown(dialog),
        Service::Lmtp => extended(context, dialog, Hello::new(name, Protocol::Lmtp)),
    }
}

fn extended(context: &mut Context, dialog: Dialog, hello: Hello) -> Next {
    context.idle_command();
    let reply = Reply::plain(250, extensions(context));
    forget(dialog, Dialog::Ready(hello), reply)
}

fn extensions(context: &Context) -> String {
    let settings = &context.settings;
    let mut lines = format!("{}\nPIPELINING\nSIZE {}\n", settings.hostname, settings.max_message_size);
    match (&context.security, settings.starttls) {
        // RFC 3207 section 4.2: "The server MUST NOT return the STARTTLS extension in response to an EHLO command received
        // after a TLS handshake has completed."
        (Security::Plain, StartTls::Offered) => lines.push_str("STARTTLS\n"),
        (Security::Plain, StartTls::Absent) | (Security::Tls(_), _) => {}
    }
    if settings.service == Service::Submission {
        // RFC 4954 section 4: not before TLS, where a password would be everybody's
        if matches!(context.security, Security::Tls(_)) {
            lines.push_str("AUTH PLAIN LOGIN\n");
        }
        lines.push_str("DSN\n");
    }
    lines.push_str("ENHANCEDSTATUSCODES\n8BITMIME\nCHUNKING");
    lines
}
