use mime::{Limits, Scanner};

use super::*;

fn scanned(message: &str) -> Structure {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(message.replace('\n', "\r\n").as_bytes());
    scanner.finish()
}

fn written(structure_of: &Structure, detail: Detail) -> String {
    let mut out = Vec::new();
    structure(structure_of, detail, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn plain() {
    let plain = scanned("Subject: x\n\none\ntwo\n");
    assert_eq!(
        written(&plain, Detail::Basic),
        "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 2)"
    );
}

#[test]
fn mixed_with_attachment() {
    let mixed = scanned(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\
         Content-Transfer-Encoding: quoted-printable\nContent-Language: de, en\n\nx\n--b\n\
         Content-Type: image/png; name=\"a\\\"b.png\"\nContent-ID: <i@x>\nContent-Description: d\n\
         Content-Disposition: attachment; filename=f\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n",
    );
    assert_eq!(
        written(&mixed, Detail::Basic),
        "((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 1 0)\
         (\"image\" \"png\" (\"name\" \"a\\\"b.png\") \"<i@x>\" \"d\" \"base64\" 4) \"mixed\")"
    );
    assert_eq!(
        written(&mixed, Detail::Extended),
        "((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"quoted-printable\" 1 0 NIL NIL (\"de\" \"en\") NIL)\
         (\"image\" \"png\" (\"name\" \"a\\\"b.png\") \"<i@x>\" \"d\" \"base64\" 4 NIL \
         (\"attachment\" (\"filename\" \"f\")) NIL NIL) \"mixed\" (\"boundary\" \"b\") NIL NIL NIL)"
    );
}

#[test]
fn message_in_message() {
    let forwarded = scanned(
        "Content-Type: message/rfc822\n\nFrom: A <a@x>\nTo: g: b@y;\nSubject: =?utf-8?q?=C3=BC?=\n\nhi\n",
    );
    let from = "((\"A\" NIL \"a\" \"x\"))";
    assert_eq!(
        written(&forwarded, Detail::Basic),
        format!(
            "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 67 5 \
             (NIL \"=?utf-8?q?=C3=BC?=\" {from} {from} {from} \
             ((NIL NIL \"g\" NIL)(NIL NIL \"b\" \"y\")(NIL NIL NIL NIL)) NIL NIL NIL NIL) \
             (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1) 5)"
        )
    );
}
