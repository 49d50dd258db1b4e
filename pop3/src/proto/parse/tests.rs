use super::*;

fn password(text: &[u8]) -> Password {
    Password(text.to_vec())
}

#[test]
fn commands() {
    for (line, command) in [
        (&b"USER  anna@example.org \r\n"[..], Command::User("anna@example.org".into())),
        (b"user J\xc3\xbcrgen K\n", Command::User("Jürgen K".into())),
        (b"PASS  two spaces \r\n", Command::Pass(password(b" two spaces "))),
        (b"pass \xff\xfe\r\n", Command::Pass(password(b"\xff\xfe"))),
        (b"AUTH plain\r\n", Command::Auth { mechanism: "PLAIN".into(), initial: None }),
        (b"AUTH PLAIN =\r\n", Command::Auth { mechanism: "PLAIN".into(), initial: Some(password(b"=")) }),
        (b"LIST\r\n", Command::List(None)),
        (b"LIST \r\n", Command::List(None)),
        (b"List 07\r\n", Command::List(Some(7))),
        (b"UIDL 4294967295\r\n", Command::Uidl(Some(u32::MAX))),
        (b"UIDL 99999999999999999999\r\n", Command::Uidl(Some(u32::MAX))),
        (b"TOP 1 0\r\n", Command::Top(1, 0)),
        (b"RETR  3 \r\n", Command::Retr(3)),
        (b"DELE 3", Command::Dele(3)),
        (b"qUiT\r\n", Command::Quit),
        (b"NOOP\r\n", Command::Noop),
        (b"RSET\r\n", Command::Rset),
        (b"STAT\r\n", Command::Stat),
        (b"CAPA\r\n", Command::Capa),
        (b"STLS\r\n", Command::Stls),
    ] {
        assert_eq!(parse(line), Ok(command), "{}", line.escape_ascii());
    }
}

#[test]
fn what_is_none() {
    for line in
        [&b""[..], b"\r\n", b" STAT", b"STAT\r\r\n", b"STATUS", b"\xff", b"GET / HTTP/1.1", b"RETR\t1"]
    {
        assert_eq!(parse(line), Err(Syntax::Unknown), "{}", line.escape_ascii());
    }
    for line in [
        &b"USER"[..],
        b"USER ",
        b"USER a\0b",
        b"USER a\rb",
        b"USER \xff",
        b"PASS",
        b"PASS ",
        b"AUTH",
        b"AUTH PLAIN a b",
        b"RETR",
        b"RETR 1 2",
        b"RETR -1",
        b"RETR +1",
        b"RETR 1x",
        b"TOP 1",
        b"TOP 1 2 3",
        b"LIST 1 2",
        b"STAT 1",
        b"QUIT now",
    ] {
        assert_eq!(parse(line), Err(Syntax::Arguments), "{}", line.escape_ascii());
    }
}

#[test]
fn plain() {
    let good = Plain::parse(b"AGFubmEAcGFzcyB3b3Jk\r\n").unwrap();
    assert_eq!((good.authorize.as_str(), good.user.as_str()), ("", "anna"));
    assert_eq!(good.password.0, b"pass word");
    for bad in
        [&b"="[..], b"", b"*", b"AGFubmE=", b"YQ==", b"AAAA", b"AGFubmEAcABw", b"AP8AcA==", b"AGFu bmEA"]
    {
        assert_eq!(Plain::parse(bad), Err(Syntax::Arguments), "{}", bad.escape_ascii());
    }
}
