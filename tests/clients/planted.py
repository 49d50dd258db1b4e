"""A message on which a parser panics, seen by two sessions: IMAPS_PORT LOGIN PASSWORD. It is the second of three."""
import imaplib
import ssl
import sys

port, login, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def session():
    imap = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ssl._create_unverified_context())
    imap.login(login, password)
    assert imap.select("INBOX") == ("OK", [b"3"])
    return imap


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def text(answer):
    return b"".join(b"".join(part) if isinstance(part, tuple) else part for part in ok(answer) if part)


first, second = session(), session()
# whoever looks first gets an answer, and goes on
listed = text(first.fetch("1:3", "(UID ENVELOPE)"))
assert b'"one"' in listed and b'"three"' in listed and b"planted" not in listed, listed
assert b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" in listed, listed
ok(first.noop())

# and so do others, who had it listed before, and who come later
for imap in (second, session()):
    ok(imap.noop())
    assert b'("text" "plain" NIL NIL NIL "8bit"' in text(imap.fetch("2", "(BODYSTRUCTURE)"))
    whole = text(imap.fetch("2", "(BODY.PEEK[1])"))
    assert b"Subject: planted" in whole and b"X-Bulkhead-Test: panic" in whole and b"still to be read" in whole, whole
    raw = text(imap.fetch("2", "(BODY.PEEK[])"))
    assert whole.partition(b"Return-Path")[2] == raw.partition(b"Return-Path")[2]
    assert ok(imap.search(None, "BODY", '"still to be read"')) == [b"1 2 3"]
    assert ok(imap.search(None, "BODY", '"subject: planted"')) == [b"2"]
    assert ok(imap.search(None, "SUBJECT", "three")) == [b"3"]
    ok(imap.store("2", "+FLAGS", "\\Flagged"))

# it can be put elsewhere, and is no more trusted there
ok(first.create("Elsewhere"))
ok(first.copy("2", "Elsewhere"))
ok(first.select("Elsewhere"))
assert b'"8bit"' in text(first.fetch("1", "(BODY)"))
for imap in (first, second):
    imap.logout()
print("served")
