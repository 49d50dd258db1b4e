"""A whole IMAP session with Python's imaplib: SMTP_PORT IMAPS_PORT LOGIN PASSWORD."""
import imaplib
import smtplib
import ssl
import sys
import time

smtp_port, imaps_port, login, password = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
trusting = ssl._create_unverified_context()


def connect():
    imap = imaplib.IMAP4_SSL("127.0.0.1", imaps_port, ssl_context=trusting)
    imap.login(login, password)
    return imap


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


message = (
    b"From: Carla <carla@elsewhere.example>\r\nTo: <" + login.encode() + b">\r\nSubject: hello there\r\n"
    b"Date: Fri, 3 Jul 2026 10:00:00 +0000\r\nMessage-ID: <one@elsewhere.example>\r\n\r\nFirst line.\r\n"
)
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.starttls(context=trusting)
    for number in range(3):
        smtp.sendmail("carla@elsewhere.example", [login], message.replace(b"<one@", b"<%d@" % number))

imap = connect()
names = b" ".join(ok(imap.list()))
for special in (b"\\Drafts", b"\\Sent", b"\\Trash", b"\\Junk", b"\\Archive", b"INBOX"):
    assert special in names, names
assert ok(imap.select("INBOX")) == [b"3"]
assert imap.response("RECENT")[1] == [b"3"]
body = ok(imap.fetch("2", "(BODY.PEEK[] FLAGS RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE)"))
assert body[0][1].endswith(message.replace(b"<one@", b"<1@")), body
assert b"carla" in body[1] or b"carla" in body[0][0], body
assert ok(imap.search(None, "UNSEEN", "FROM", "carla", "SUBJECT", "HELLO")) == [b"1 2 3"]
assert ok(imap.search(None, "SINCE", "1-Jan-2020", "SMALLER", "100000", "NOT", "DELETED")) == [b"1 2 3"]
ok(imap.fetch("1", "(BODY[TEXT])"))
assert ok(imap.search(None, "SEEN")) == [b"1"]

# another session sees what this one does
other = connect()
assert ok(other.select("INBOX")) == [b"3"]
ok(imap.store("2", "+FLAGS", "(\\Deleted $Label1)"))
ok(imap.expunge())
assert ok(imap.search(None, "ALL")) == [b"1 2"]
peeked = ok(other.fetch("2", "(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
assert b"<1@elsewhere.example>" in peeked[0][1], "an expunged message is served while the view shows it"
ok(other.noop())
assert other.response("EXPUNGE")[1] == [b"2"], other.untagged_responses

# APPEND, and IDLE news of it
ok(imap.append("INBOX", "(\\Flagged)", '"01-Jul-2026 08:00:00 +0000"', message))
other.send(b"x1 IDLE\r\n")
line = other.readline()
while not line.startswith(b"+"):
    line = other.readline()
ok(imap.append("INBOX", None, None, message))
other.sock.settimeout(10)
started = time.monotonic()
news = b""
while b"EXISTS" not in news:
    news = other.readline()
print("IDLE news after %.0f ms" % ((time.monotonic() - started) * 1000))
other.send(b"DONE\r\n")
while not other.readline().startswith(b"x1 OK"):
    pass
flagged = ok(imap.uid("SEARCH", None, "FLAGGED"))
assert flagged == [b"4"], flagged
assert b" 1-Jul-2026 08:00:00 +0000" in ok(imap.uid("FETCH", "4", "(INTERNALDATE)"))[0]
assert b"MESSAGES 4" in ok(imap.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"))[0]
imap.logout()
other.logout()
print("all checks passed")
