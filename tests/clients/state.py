"""Prints what an account has, as JSON: {mailbox: {subject: [flags]}}: PORT LOGIN PASSWORD."""
import email
import json
import os
import ssl
import sys

import imapclient

port, login, password = sys.argv[1:4]
context = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])
imap = imapclient.IMAPClient("localhost", int(port), ssl_context=context)
imap.login(login, password)
state = {}
for _, _, name in imap.list_folders():
    imap.select_folder(name, readonly=True)
    state[name] = {}
    for message in imap.fetch(imap.search("ALL"), ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "FLAGS"]).values():
        subject = email.message_from_bytes(message[b"BODY[HEADER.FIELDS (SUBJECT)]"])["Subject"]
        assert subject not in state[name], f"{subject} twice in {name}"
        state[name][subject] = sorted(flag.decode() for flag in message[b"FLAGS"] if flag != b"\\Recent")
imap.logout()
print(json.dumps(state))
