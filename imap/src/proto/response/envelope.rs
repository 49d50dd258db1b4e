//! ENVELOPE, RFC 3501 section 7.4.2.

use mime::{Address, Envelope, Text};

use super::string::nstring;

/// The value of ENVELOPE.
pub fn envelope(envelope: &Envelope, out: &mut Vec<u8>) {
    out.push(b'(');
    spaced(envelope.date.as_ref(), out);
    spaced(envelope.subject.as_ref(), out);
    let lists = [
        envelope.from.as_slice(),
        envelope.sender_or_from(),
        envelope.reply_to_or_from(),
        &envelope.to,
        &envelope.cc,
        &envelope.bcc,
    ];
    for list in lists {
        addresses(list, out);
        out.push(b' ');
    }
    spaced(envelope.in_reply_to.as_ref(), out);
    nstring(envelope.message_id.as_deref(), out);
    out.push(b')');
}

fn spaced(text: Option<&Text>, out: &mut Vec<u8>) {
    nstring(text.map(Text::as_bytes), out);
    out.push(b' ');
}

/// `"(" 1*address ")" / nil`
fn addresses(list: &[Address], out: &mut Vec<u8>) {
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for address in list {
        out.push(b'(');
        spaced(address.name.as_ref(), out);
        spaced(address.adl.as_ref(), out);
        spaced(address.mailbox.as_ref(), out);
        nstring(address.host.as_deref(), out);
        out.push(b')');
    }
    out.push(b')');
}
