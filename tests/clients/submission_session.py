"""Whole sessions of submission with Python's smtplib: SMTP_PORT IMAPS_PORT SUBMISSION_PORT SUBMISSIONS_PORT LOGIN PASSWORD.
The login's account is the only one that may send as LOGIN; ben@example.org lives here, too."""
import base64
import imaplib
import smtplib
import ssl
import sys

_smtp_port, imaps_port, submission_port, submissions_port = map(int, sys.argv[1:5])
login, password = sys.argv[5:7]
trusting = ssl._create_unverified_context()
BEN = "ben@example.org"
FAR = "dora@elsewhere.example"


def implicit():
    return smtplib.SMTP_SSL("127.0.0.1", submissions_port, context=trusting, timeout=30)


def secured():
    smtp = smtplib.SMTP("127.0.0.1", submission_port, timeout=30)
    smtp.starttls(context=trusting)
    return smtp


def expect(smtp, command, code, text=""):
    got, said = smtp.docmd(command)
    assert got == code and text in said.decode(), f"{command}: {got} {said}, not {code} {text}"


def plain(name, secret):
    return base64.b64encode(f"\0{name}\0{secret}".encode()).decode()


# before TLS: no AUTH is offered, asked for, or believed
with smtplib.SMTP("127.0.0.1", submission_port, timeout=30) as smtp:
    smtp.ehlo()
    assert smtp.has_extn("starttls") and not smtp.has_extn("auth"), smtp.esmtp_features
    expect(smtp, f"AUTH PLAIN {plain(login, password)}", 538, "5.7.11")
    expect(smtp, "AUTH LOGIN", 538, "5.7.11")
    expect(smtp, f"MAIL FROM:<{login}>", 530, "5.7.0")

# both ports, both mechanisms, with and without an initial response
for connect in (implicit, secured):
    for mechanism in ("PLAIN", "LOGIN"):
        for initial in (True, False):
            with connect() as smtp:
                smtp.ehlo()
                assert set(smtp.esmtp_features["auth"].split()) == {"PLAIN", "LOGIN"}, smtp.esmtp_features
                assert smtp.has_extn("dsn") and smtp.has_extn("chunking") and smtp.has_extn("pipelining")
                smtp.user, smtp.password = login, password
                smtp.auth(mechanism, smtp.auth_plain if mechanism == "PLAIN" else smtp.auth_login, initial_response_ok=initial)
                expect(smtp, f"MAIL FROM:<{login}>", 250)

# without a login, and after one that failed, nothing is sent
with implicit() as smtp:
    smtp.ehlo()
    expect(smtp, f"AUTH PLAIN {plain(login, 'wrong')}", 535, "5.7.8")
    expect(smtp, f"AUTH PLAIN {plain('eve@example.org', password)}", 535, "5.7.8")
    expect(smtp, f"MAIL FROM:<{login}>", 530, "5.7.0")

# senders
with implicit() as smtp:
    smtp.login(login, password)
    for foreign in (BEN, "anna@elsewhere.example", "root@localhost", "anna@[127.0.0.1]"):
        expect(smtp, f"MAIL FROM:<{foreign}>", 553, "5.7.1")
    expect(smtp, f"MAIL FROM:<{login.replace('@', '+shop@')}>", 250)
    smtp.rset()
    expect(smtp, "MAIL FROM:<>", 250)
    smtp.rset()
    expect(smtp, f"MAIL FROM:<{login}>", 250)
    expect(smtp, "RCPT TO:<nobody@example.org>", 550, "5.1.1")
    expect(smtp, "RCPT TO:<x@localhost>", 550, "5.1.2")

# one transaction to here and elsewhere, with what is to be reported
with implicit() as smtp:
    smtp.login(login, password)
    text = f"From: {login}\r\nTo: {BEN}, {FAR}\r\nSubject: both\r\n\r\nhello\r\n"
    refused = smtp.sendmail(login, [BEN, FAR], text, ["RET=HDRS", "ENVID=E+2B1"], ["NOTIFY=SUCCESS,FAILURE"])
    assert refused == {}, refused

# by BDAT, in one packet with what comes before it
with secured() as smtp:
    smtp.login(login, password)
    message = b"Subject: chunks\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\n.\r\n..\r\nend\r\n"
    first, last = message[:30], message[30:]
    smtp.send(
        f"MAIL FROM:<{login}>\r\nRCPT TO:<{BEN}>\r\nBDAT {len(first)}\r\n".encode() + first
        + f"BDAT {len(last)} LAST\r\n".encode() + last + b"NOOP\r\n"
    )
    codes = [smtp.getreply()[0] for _ in range(5)]
    assert codes == [250, 250, 250, 250, 250], codes

with imaplib.IMAP4_SSL("127.0.0.1", imaps_port, ssl_context=trusting) as imap:
    imap.login(BEN, "battery staple")
    imap.select("INBOX", readonly=True)
    assert imap.search(None, "ALL")[1] == [b"1 2"], imap.search(None, "ALL")
    (_, both), *_ = imap.fetch("1", "(BODY.PEEK[])")[1]
    (_, chunks), *_ = imap.fetch("2", "(BODY.PEEK[])")[1]
both = both.decode()
header, _, body = both.partition("\r\n\r\n")
assert body == "hello\r\n" and "Subject: both\r\n" in header, both
assert "\r\nDate: " in header and "\r\nMessage-ID: <" in header and "@mail.example.org>" in header, both
assert "with ESMTPSA (TLS1." in header and "127.0.0.1" not in header, both
assert chunks.endswith(b"\r\n\r\n.\r\n..\r\nend\r\n") and chunks.count(b"Date: ") == 1, chunks
print("all checks passed")
