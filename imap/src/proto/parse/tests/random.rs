//! Whatever is sent, in whatever pieces.

use proptest::prelude::*;

use super::super::*;
use super::reading::outcomes;

/// Octets that look like commands more often than chance would have it.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "a ",
        "b ",
        "NOOP",
        "LOGIN ",
        "SELECT ",
        "APPEND ",
        "SEARCH ",
        "UID ",
        "FETCH ",
        "STORE ",
        "1:* ",
        "5,3:* ",
        "(",
        ")",
        " ",
        "\"",
        "\\",
        "\\Seen",
        "FLAGS",
        "BODY[",
        "BODY.PEEK[",
        "]",
        "1.2",
        ".MIME",
        "HEADER.FIELDS (",
        "<0.5>",
        "OR ",
        "NOT ",
        "CHARSET ",
        "x",
        "&AOk-",
        "&",
        "{3}\r\n",
        "{3+}\r\n",
        "{0}\n",
        "{40+}\r\n",
        "{90}\r\n",
        "{900+}\r\n",
        "\r\n",
        "\n",
        "a NOOP\r\n",
        "a APPEND x {4}\r\n",
        "a APPEND x {4+}\r\n",
        "a SELECT {2+}\r\n",
        "a SELECT {2}\r\n",
        "a LIST \"\" *\r\n",
        "\0",
        "\u{e9}",
    ])
    .prop_map(|word| word.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 0..4);
    prop::collection::vec(prop_oneof![8 => word, 1 => noise], 0..40).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_do_not_matter(sent in sent(), sizes in prop::collection::vec(1..9_usize, 1..9)) {
        let limits =
            Limits { lines: 120, literal: 60, command: 150, swallowed: 60, message: 100 };
        let mut pieces = Vec::new();
        let mut rest = sent.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, after) = rest.split_at(rest.len().min(*size));
            pieces.push(piece);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(outcomes(limits, pieces), outcomes(limits, [sent.as_slice()]));
    }

    #[test]
    fn any_octets_as_a_command(sent in prop_oneof![sent(), prop::collection::vec(any::<u8>(), 0..200)]) {
        let with_tag = [b"a ".as_slice(), &sent].concat();
        let _ = command(&sent);
        let refused = command(&with_tag).err();
        prop_assert!(refused.is_none_or(|refused| refused.tag == Some(Tag::from("a"))));
    }

    #[test]
    fn names_come_back(text in any::<String>()) {
        if let Some(name) = MailboxName::new(&text) {
            let encoded = utf7::encode(name.as_str());
            let line = format!("a SELECT {{{}}}\r\n{encoded}", encoded.len());
            let got = command(line.as_bytes()).map(|tagged| tagged.command);
            prop_assert_eq!(got, Ok(Command::Select(name)));
        }
    }
}
