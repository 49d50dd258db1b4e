"""Prints all messages of INBOX: imaplib|imapclient|poplib implicit|starttls PORT LOGIN PASSWORD."""
import imaplib
import os
import poplib
import ssl
import sys

import imapclient

library, how, port, login, password = sys.argv[1:6]
port = int(port)
context = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])


def by_imaplib():
    if how == "implicit":
        imap = imaplib.IMAP4_SSL("localhost", port, ssl_context=context)
    else:
        imap = imaplib.IMAP4("localhost", port)
        imap.starttls(ssl_context=context)
    imap.login(login, password)
    imap.select("INBOX", readonly=True)
    for item in imap.fetch("1:*", "(BODY.PEEK[])")[1]:
        if isinstance(item, tuple):
            yield item[1]
    imap.logout()


def by_imapclient():
    imap = imapclient.IMAPClient("localhost", port, ssl=how == "implicit", ssl_context=context)
    if how != "implicit":
        imap.starttls(context)
    imap.login(login, password)
    imap.select_folder("INBOX", readonly=True)
    for message in imap.fetch(imap.search("ALL"), ["BODY.PEEK[]"]).values():
        yield message[b"BODY[]"]
    imap.logout()


def by_poplib():
    if how == "implicit":
        pop = poplib.POP3_SSL("localhost", port, context=context, timeout=30)
    else:
        pop = poplib.POP3("localhost", port, timeout=30)
        pop.stls(context=context)
    pop.user(login)
    pop.pass_(password)
    for number in range(1, pop.stat()[0] + 1):
        yield b"\r\n".join(pop.retr(number)[1])
    pop.quit()


for message in {"imaplib": by_imaplib, "imapclient": by_imapclient, "poplib": by_poplib}[library]():
    sys.stdout.buffer.write(message + b"\r\n")
