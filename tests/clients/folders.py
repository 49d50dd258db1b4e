"""All folders as an IMAP client sees them: SMTP_PORT IMAPS_PORT LOGIN PASSWORD → JSON on standard output."""
import hashlib
import imaplib
import json
import re
import ssl
import sys

port, login, password = int(sys.argv[2]), sys.argv[3], sys.argv[4]
imap = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=ssl._create_unverified_context())
imap.login(login, password)


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def name_of(row):
    return re.match(rb'\(.*\) "[/.]" (.*)', row).group(1).strip(b'"').decode()


names = [name_of(row) for row in ok(imap.list()) if b"\\noselect" not in row.lower()]
folders = {}
for name in names:
    ok(imap.select(f'"{name}"', readonly=True))
    folder = {"uidvalidity": imap.response("UIDVALIDITY")[1][0].decode()}
    status = ok(imap.status(f'"{name}"', "(UIDNEXT)"))[0].decode()
    folder["uidnext"] = re.search(r"UIDNEXT (\d+)", status).group(1)
    messages = []
    for item in ok(imap.uid("FETCH", "1:*", "(UID FLAGS INTERNALDATE BODY.PEEK[])")):
        if isinstance(item, tuple):
            head = item[0].decode()
            messages.append(
                {
                    "uid": re.search(r"UID (\d+)", head).group(1),
                    "flags": sorted(flag for flag in re.search(r"FLAGS \((.*?)\)", head).group(1).split() if flag != "\\Recent"),
                    "date": re.sub("^ ", "0", re.search(r'INTERNALDATE "(.*?)"', head).group(1)),
                    "body": hashlib.sha256(item[1]).hexdigest(),
                }
            )
    folder["messages"] = messages
    folders[name] = folder
folders["(subscribed)"] = sorted(name_of(row) for row in ok(imap.lsub()) if row)
print(json.dumps(folders, sort_keys=True, indent=1))
