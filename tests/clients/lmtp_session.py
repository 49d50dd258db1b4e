"""LMTP with Python's smtplib: SMTP_PORT IMAPS_PORT LMTP_PORT LMTP_SOCKET. Here live anna and ben."""
import imaplib
import smtplib
import ssl
import sys

_smtp_port, imaps_port, lmtp_port = map(int, sys.argv[1:4])
socket = sys.argv[4]
trusting = ssl._create_unverified_context()
ANNA, BEN = "anna@example.org", "ben@example.org"


def expect(lmtp, command, code, text=""):
    got, said = lmtp.docmd(command)
    assert got == code and text in said.decode(), f"{command}: {got} {said}, not {code} {text}"


def replies(lmtp, count):
    return [lmtp.getreply()[0] for _ in range(count)]


def envelope(lmtp, *recipients):
    expect(lmtp, "MAIL FROM:<someone@elsewhere.example>", 250)
    for recipient in recipients:
        expect(lmtp, f"RCPT TO:<{recipient}>", 250)


for where in (("127.0.0.1", lmtp_port), (socket, 0)):
    with smtplib.LMTP(*where) as lmtp:
        expect(lmtp, "EHLO client", 500)
        expect(lmtp, "HELO client", 500)
        code, _ = lmtp.ehlo()  # LHLO
        assert code == 250 and lmtp.has_extn("pipelining") and lmtp.has_extn("enhancedstatuscodes")
        assert lmtp.has_extn("chunking") and not lmtp.has_extn("auth"), lmtp.esmtp_features
        expect(lmtp, "MAIL FROM:<>", 250)
        expect(lmtp, "RCPT TO:<dora@elsewhere.example>", 554, "5.7.1")
        expect(lmtp, "RCPT TO:<nobody@example.org>", 550, "5.1.1")
        expect(lmtp, "DATA", 503)
        lmtp.rset()
        # a reply for each recipient that was accepted
        envelope(lmtp, ANNA, BEN)
        expect(lmtp, "RCPT TO:<nobody@example.org>", 550)
        expect(lmtp, "DATA", 354)
        lmtp.send(b"Subject: two\r\n\r\nhello\r\n.\r\n")
        assert replies(lmtp, 2) == [250, 250]
        envelope(lmtp, ANNA, BEN)
        lmtp.send(b"BDAT 5\r\nA: b\rBDAT 3 LAST\r\n\n\r\nNOOP\r\n")
        assert replies(lmtp, 4) == [250, 250, 250, 250]
        envelope(lmtp, BEN)
        expect(lmtp, "DATA", 354)
        lmtp.send(b"bare\nline\r\n.\r\n")
        assert replies(lmtp, 1) == [550]
    # whoever has TLS uses it
    with smtplib.LMTP(*where) as lmtp:
        lmtp._host = "mail.example.org"  # a path is no name to ask a certificate for
        lmtp.starttls(context=trusting)
        lmtp.ehlo()
        refused = lmtp.sendmail("someone@elsewhere.example", [ANNA, "nobody@example.org"], "Subject: tls\r\n\r\nx\r\n")
        assert list(refused) == ["nobody@example.org"] and refused["nobody@example.org"][0] == 550, refused

with imaplib.IMAP4_SSL("127.0.0.1", imaps_port, ssl_context=trusting) as imap:
    imap.login(ANNA, "correct horse")
    imap.select("INBOX", readonly=True)
    found = imap.search(None, "ALL")[1][0].split()
    assert len(found) == 6, found
    (_, first), *_ = imap.fetch("1", "(BODY.PEEK[])")[1]
    (_, third), *_ = imap.fetch("3", "(BODY.PEEK[])")[1]
assert first.startswith(b"Return-Path: <someone@elsewhere.example>\r\n") and b" with LMTP\r\n" in first, first
assert first.endswith(b"Subject: two\r\n\r\nhello\r\n"), first
assert b" with LMTPS (TLS1." in third, third
print("all checks passed")
