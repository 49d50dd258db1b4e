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
        "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 10 2)"
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
            "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 63 \
             (NIL \"=?utf-8?q?=C3=BC?=\" {from} {from} {from} \
             ((NIL NIL \"g\" NIL)(NIL NIL \"b\" \"y\")(NIL NIL NIL NIL)) NIL NIL NIL NIL) \
             (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 4 1) 5)"
        )
    );
}

/// Rows of the store are hostile: parts that lie about what they contain are written as something a client can read.
#[test]
fn lies_stay_grammatical() {
    let honest = scanned("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n");
    let changed = |old: &str, new: &str| {
        let json = serde_json::to_string(&honest).unwrap();
        assert!(json.contains(old), "{json}");
        serde_json::from_str::<Structure>(&json.replace(old, new)).unwrap()
    };
    let opaque = "\"APPLICATION\" \"OCTET-STREAM\"";
    for (lie, want) in [
        // a message that is none, and what is in it is passed over
        (
            changed("\"Multipart\"", "\"Message\""),
            format!("({opaque} (\"boundary\" \"b\") NIL NIL \"7BIT\" 17)"),
        ),
        // a leaf that is a multipart
        (
            changed("\"Multipart\"", "\"Leaf\""),
            format!("({opaque} (\"boundary\" \"b\") NIL NIL \"7BIT\" 17)"),
        ),
        // a multipart without parts within one
        (
            changed("\"Leaf\"", "\"Multipart\""),
            format!("(({opaque} (\"charset\" \"us-ascii\") NIL NIL \"7BIT\" 1) \"mixed\")"),
        ),
        // a part too deep to belong to anything
        (
            changed("\"depth\":1", "\"depth\":9"),
            format!("({opaque} (\"boundary\" \"b\") NIL NIL \"7BIT\" 17)"),
        ),
        // no parts at all
        (serde_json::from_str("{\"parts\":[]}").unwrap(), format!("({opaque} NIL NIL NIL \"7BIT\" 0)")),
    ] {
        assert_eq!(written(&lie, Detail::Basic), want);
    }
}
