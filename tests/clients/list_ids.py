"""Prints the Message-ID of each message in INBOX: SMTP_PORT IMAPS_PORT LOGIN PASSWORD."""
import imaplib
import ssl
import sys

imap = imaplib.IMAP4_SSL("127.0.0.1", int(sys.argv[2]), ssl_context=ssl._create_unverified_context())
imap.login(sys.argv[3], sys.argv[4])
count = int(imap.select("INBOX", readonly=True)[1][0])
if count:
    for item in imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]:
        if isinstance(item, tuple):
            print(item[1].decode().split(":", 1)[1].strip())
imap.logout()
