use std::net::IpAddr;

use super::super::address::Domain;
use super::*;

fn reverse_path(line: &str) -> Result<String, Refusal> {
    match parse(line.as_bytes())? {
        Command::Mail(MailFrom { reverse_path, .. }) => Ok(reverse_path.to_string()),
        other => panic!("{other:?}"),
    }
}

fn forward_path(line: &str) -> Result<String, Refusal> {
    match parse(line.as_bytes())? {
        Command::Rcpt(RcptTo { path, .. }) => Ok(path.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn verbs_are_read_in_any_case() {
    assert_eq!(parse(b"rSeT"), Ok(Command::Rset));
    assert_eq!(parse(b"DATA \t "), Ok(Command::Data));
    assert_eq!(parse(b"DATA x"), Err(Refusal::Arguments));
    assert_eq!(parse(b"NOOP what ever \xff"), Ok(Command::Noop));
    assert_eq!(parse(b"VRFY"), Err(Refusal::Arguments));
    assert_eq!(parse(b"HELP"), Ok(Command::Help));
    assert_eq!(parse(b"GET / HTTP/1.1"), Err(Refusal::OtherProtocol));
    for line in [&b""[..], b" ", b"X", b"RSE", b"RSET\0", b"DATA\tx", b" RSET", b"\xff\xfe"] {
        assert_eq!(parse(line), Err(Refusal::UnknownCommand), "{line:?}");
    }
}

#[test]
fn client_names_are_one_printable_word() {
    for name in ["client.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "my_host", "(&)"] {
        let line = format!("EHLO {name}");
        assert_eq!(parse(line.as_bytes()), Ok(Command::Ehlo(ClientName(name.to_owned()))));
    }
    let long = format!("HELO {}", "x".repeat(256));
    for line in [&b"EHLO"[..], b"HELO ", b"HELO a b", b"EHLO a\0b", b"EHLO \xe4", long.as_bytes()] {
        assert_eq!(parse(line), Err(Refusal::ClientName), "{line:?}");
    }
}

#[test]
fn reverse_paths() {
    for (line, path) in [
        ("MAIL FROM:<>", "<>"),
        ("mail from:<a@b.example>", "<a@b.example>"),
        ("MAIL FROM: <a@b.example>", "<a@b.example>"),
        ("MAIL FROM:<@x.example,@y.example:a@b.example>", "<a@b.example>"),
        ("MAIL FROM:<\"a b\"@b.example>", "<\"a b\"@b.example>"),
        ("MAIL FROM:<\"a\\b\"@b.example>", "<ab@b.example>"),
        ("MAIL FROM:<\"a>\\\"\\\\@\"@b.example>", "<\"a>\\\"\\\\@\"@b.example>"),
        ("MAIL FROM:<a+b=c@[192.0.2.1]>", "<a+b=c@[192.0.2.1]>"),
        ("MAIL FROM:<a@[ipv6:2001:DB8::1]>", "<a@[IPv6:2001:db8::1]>"),
        ("MAIL FROM:<a@under_score.example>", "<a@under_score.example>"),
        ("MAIL FROM:<a@xn--bcher-kva.example>", "<a@xn--bcher-kva.example>"),
    ] {
        assert_eq!(reverse_path(line).as_deref(), Ok(path), "{line}");
    }
}

#[test]
fn wrong_reverse_paths() {
    for path in [
        "",
        "a@b.example",
        "<a@b.example",
        "<a>",
        "<@b.example>",
        "<a@>",
        "<a@b..example>",
        "<a@.b>",
        "<a@b.>",
        "<a@-b.example>",
        "<a@b-.example>",
        "<.a@b.example>",
        "<a.@b.example>",
        "<a..c@b.example>",
        "<a b@c.example>",
        "<\"a@b.example>",
        "<\"\"@b.example>",
        "<\"a\\",
        "<a@[192.0.2.256]>",
        "<a@[IPv6:::1::]>",
        "<a@[192.0.2.1>",
        "<a@[x:y]>",
        "<@x.example:>",
        "<@x.example>",
        "<@x.example,a@b.example>",
        "<@:a@b.example>",
        "<a@b@c>",
        "<\x01@b>",
        "<\"\x7f\"@b.example>",
        "<postmaster>",
        "< >",
        "<<a@b.example>>x",
        "<a@b.exa\0mple>",
    ] {
        let line = format!("MAIL FROM:{path}");
        assert_eq!(reverse_path(&line), Err(Refusal::ReversePath), "{line}");
    }
}

#[test]
fn forward_paths() {
    assert_eq!(forward_path("RCPT TO:<a@b.example>").as_deref(), Ok("<a@b.example>"));
    assert_eq!(forward_path("RCPT TO:<PostMaster>").as_deref(), Ok("<postmaster>"));
    assert_eq!(forward_path("RCPT TO:<@gate.example:a@b.example>").as_deref(), Ok("<a@b.example>"));
    for path in ["<>", "<a>", "a@b.example", "<a@b.example"] {
        assert_eq!(forward_path(&format!("RCPT TO:{path}")), Err(Refusal::ForwardPath), "{path}");
    }
    for line in
        ["RCPT", "RCPT TO", "RCPT FROM:<a@b.example>", "RCPT TO:<a@b.example>x", "MAIL TO:<a@b.example>"]
    {
        assert_eq!(parse(line.as_bytes()), Err(Refusal::Arguments), "{line}");
    }
    assert_eq!(parse("RCPT TO:<käse@b.example>".as_bytes()), Err(Refusal::NotAscii));
    assert_eq!(parse("MAIL FROM:<a@bücher.example>".as_bytes()), Err(Refusal::NotAscii));
}

#[test]
fn an_address_means_the_same_however_it_is_spelt() {
    let plain = parse(b"RCPT TO:<a.b@c.example>");
    assert_eq!(parse(b"RCPT TO:<\"a.b\"@c.example>"), plain);
    assert_eq!(parse(b"RCPT TO:<\"\\a.\\b\"@c.example>"), plain);
    let Ok(Command::Rcpt(RcptTo { path: ForwardPath::Mailbox(address), .. })) =
        parse(b"RCPT TO:<\"x y\"@[192.0.2.7]>")
    else {
        panic!("no address");
    };
    assert_eq!(address.local(), "x y");
    assert_eq!(address.domain(), &Domain::Literal(IpAddr::from([192, 0, 2, 7])));
}

#[test]
fn lengths_of_the_rfc() {
    let local = "l".repeat(64);
    assert!(forward_path(&format!("RCPT TO:<{local}@b.example>")).is_ok());
    assert_eq!(forward_path(&format!("RCPT TO:<{local}l@b.example>")), Err(Refusal::LocalPartTooLong));
    assert!(reverse_path(&format!("MAIL FROM:<{local}l@b.example>")).is_ok());

    let label = "d".repeat(63);
    assert!(forward_path(&format!("RCPT TO:<a@{label}.example>")).is_ok());
    assert_eq!(forward_path(&format!("RCPT TO:<a@{label}d.example>")), Err(Refusal::ForwardPath));

    // 3 × 64 + 60 = 252 octets of domain make a path of 256
    let domain = format!("{label}.{label}.{label}.{}", "d".repeat(60));
    assert!(forward_path(&format!("RCPT TO:<a@{domain}>")).is_ok());
    assert_eq!(forward_path(&format!("RCPT TO:<a@{domain}d>")), Err(Refusal::PathTooLong));
    assert_eq!(forward_path(&format!("RCPT TO:<a@{domain}dddd>")), Err(Refusal::ForwardPath));
}

#[test]
fn parameters_of_mail() {
    let Ok(Command::Mail(mail)) = parse(b"MAIL FROM:<a@b.example>  size=1234 BODY=8bitmime") else {
        panic!("refused");
    };
    assert_eq!((mail.size, mail.body), (Some(1234), Body::EightBit));
    let Ok(Command::Mail(mail)) = parse(b"MAIL FROM:<> SIZE=99999999999999999999") else {
        panic!("refused");
    };
    assert_eq!((mail.size, mail.body), (Some(u64::MAX), Body::SevenBit));

    for (parameters, refusal) in [
        ("SIZE", Refusal::Parameter),
        ("SIZE=", Refusal::Parameter),
        ("SIZE=-1", Refusal::Parameter),
        ("SIZE=1x", Refusal::Parameter),
        ("SIZE=000000000000000000001", Refusal::Parameter),
        ("SIZE=1 SIZE=1", Refusal::Parameter),
        ("BODY=7BIT BODY=7BIT", Refusal::Parameter),
        ("BODY=BINARYMIME", Refusal::Parameter),
        ("BODY", Refusal::Parameter),
        ("SMTPUTF8", Refusal::UnknownParameter),
        ("RET=ALL", Refusal::Parameter),
        ("RET=FULL RET=HDRS", Refusal::Parameter),
        ("ENVID=", Refusal::Parameter),
        ("AUTH=a+b", Refusal::Parameter),
        ("=x", Refusal::Arguments),
        ("-X=x", Refusal::Arguments),
        ("SIZE=1\tBODY=7BIT", Refusal::Arguments),
        ("SIZE=1=2", Refusal::Arguments),
    ] {
        let line = format!("MAIL FROM:<a@b.example> {parameters}");
        assert_eq!(parse(line.as_bytes()), Err(refusal), "{line}");
    }
    assert_eq!(parse(b"RCPT TO:<a@b.example> SIZE=1"), Err(Refusal::UnknownParameter));
    assert_eq!(parse(b"RCPT TO:<a@b.example> NOTIFY=SOMETIMES"), Err(Refusal::Parameter));
}
