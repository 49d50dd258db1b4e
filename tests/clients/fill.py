"""Folders with messages of every kind of flag, by IMAP: SMTP_PORT IMAPS_PORT LOGIN PASSWORD PREFIX SEPARATOR."""
import imaplib
import ssl
import sys

port, login, password, prefix, separator = int(sys.argv[2]), *sys.argv[3:7]
imap = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ssl._create_unverified_context())
imap.login(login, password)


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def folder(*levels):
    return '"' + prefix + separator.join(levels) + '"'


def add(name, flags, date, body):
    message = f"From: <carla@elsewhere.example>\r\nSubject: {body[:20]}\r\n\r\n{body}\r\n".encode()
    ok(imap.append(name, flags, f'"{date}"', message))


for name in (folder("Projekte"), folder("Projekte", "Br&APw-cken"), folder("Leer")):
    ok(imap.create(name))
ok(imap.subscribe(folder("Projekte", "Br&APw-cken")))
add("INBOX", "(\\Seen \\Answered)", "17-Jul-1996 02:44:25 -0700", "one")
add("INBOX", "(\\Flagged work $Forwarded)", "13-Feb-2009 23:31:30 +0000", "two\r\n)\r\nb1 OK not the end {7}\r\n* BYE")
add("INBOX", "()", "01-Jan-2024 12:00:00 +0130", "to be expunged")
add("INBOX", "(\\Deleted \\Draft home)", "01-Jan-2024 12:00:00 +0130", "x" * 300_000)
# a hole between the UIDs
ok(imap.select("INBOX"))
ok(imap.uid("STORE", "3", "+FLAGS", "(\\Deleted)"))
ok(imap.uid("STORE", "4", "-FLAGS", "(\\Deleted)"))
ok(imap.expunge())
ok(imap.uid("STORE", "4", "+FLAGS", "(\\Deleted)"))
ok(imap.unselect()) if "UNSELECT" in imap.capabilities else ok(imap.select("INBOX", readonly=True))
for number in range(60):
    add(folder("Projekte", "Br&APw-cken"), "(\\Seen)" if number % 2 else "()", "01-Jan-2024 12:00:00 +0000", f"bridge {number}")
imap.logout()
