"""A day with imapclient: folders, flags, copies, moves, searches, news: implicit|starttls PORT LOGIN PASSWORD."""
import datetime
import os
import ssl
import sys

import imapclient
from imapclient.exceptions import IMAPClientError

how, port, login, password = sys.argv[1:5]
context = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])


def connect():
    imap = imapclient.IMAPClient("localhost", int(port), ssl=how == "implicit", ssl_context=context, timeout=30)
    if how != "implicit":
        assert imap.has_capability("STARTTLS") and imap.has_capability("LOGINDISABLED"), imap.capabilities()
        imap.starttls(context)
    imap.login(login, password)
    return imap


def refused(call, *arguments):
    try:
        call(*arguments)
    except IMAPClientError as error:
        return str(error)
    raise AssertionError(f"{call} {arguments} was not refused")


def folders(list_them):
    return {name: flags for flags, _, name in list_them()}


def message(number):
    return (
        f"From: Carla <carla@elsewhere.example>\r\nTo: {login}\r\nSubject: =?utf-8?q?N=C2=BA_{number}?=\r\n"
        f"Message-ID: <{number}@elsewhere.example>\r\n\r\nThe body of number {number}.\r\n"
    ).encode()


imap = connect()
for capability in ("IMAP4REV1", "UIDPLUS", "MOVE", "UNSELECT", "IDLE", "NAMESPACE", "ID", "ENABLE", "CHILDREN", "SPECIAL-USE"):
    assert imap.has_capability(capability), (capability, imap.capabilities())
assert imap.namespace().personal[0][1] == "/"
assert imap.id_({"name": "a test"}), "it says nothing of itself"
for name in ("Drafts", "Sent", "Trash", "Junk", "Archive"):
    assert imap.find_special_folder(b"\\" + name.encode()) == name, name

# folders: made with what is above them, renamed with what is below, subscribed to, deleted
imap.create_folder("Projects/Über uns/Q1")
names = folders(imap.list_folders)
assert {"Projects", "Projects/Über uns", "Projects/Über uns/Q1"} <= set(names), names
assert b"\\HasChildren" in names["Projects"] and b"\\HasNoChildren" in names["Projects/Über uns/Q1"], names
assert b"\\Noselect" in names["Projects"] or b"\\NonExistent" in names["Projects"], names
refused(imap.select_folder, "Projects")
imap.create_folder("Projects")
refused(imap.create_folder, "Projects")
imap.rename_folder("Projects", "Work")
assert {"Work", "Work/Über uns/Q1"} <= set(folders(imap.list_folders)) and "Projects" not in folders(imap.list_folders)
imap.subscribe_folder("Work/Über uns/Q1")
assert "Work/Über uns/Q1" in folders(imap.list_sub_folders)
imap.unsubscribe_folder("Work/Über uns/Q1")
assert "Work/Über uns/Q1" not in folders(imap.list_sub_folders)
refused(imap.delete_folder, "INBOX")
refused(imap.select_folder, "Nowhere")
imap.delete_folder("Work/Über uns/Q1")
assert "Work/Über uns/Q1" not in folders(imap.list_folders)

# messages: appended with flags and a date, found, flagged
when = datetime.datetime(2026, 7, 3, 10, 0, 0)
for number in range(1, 6):
    said = imap.append("Work", message(number), [imapclient.SEEN] if number % 2 else [], when)
    assert b"APPENDUID" in said, said
chosen = imap.select_folder("Work")
assert chosen[b"EXISTS"] == 5 and chosen[b"UIDNEXT"] == 6, chosen
assert imap.search("UNSEEN") == [2, 4]
assert imap.search(["FROM", "carla", "SUBJECT", "Nº 3"], charset="UTF-8") == [3]
assert imap.search(["BODY", "number 4", "NOT", "DELETED"]) == [4]
assert imap.search(["SENTSINCE", datetime.date(2020, 1, 1), "LARGER", 10_000]) == []
got = imap.fetch([3], ["ENVELOPE", "INTERNALDATE", "RFC822.SIZE", "BODYSTRUCTURE", "BODY.PEEK[TEXT]", "FLAGS"])[3]
assert got[b"ENVELOPE"].message_id == b"<3@elsewhere.example>" and got[b"INTERNALDATE"] == when, got
assert got[b"BODY[TEXT]"] == b"The body of number 3.\r\n" and got[b"RFC822.SIZE"] == len(message(3)), got
assert got[b"BODYSTRUCTURE"][0:2] == (b"text", b"plain") or got[b"BODYSTRUCTURE"][0:2] == (b"TEXT", b"PLAIN"), got
imap.add_flags([1, 2], [imapclient.FLAGGED, b"$Work"])
imap.remove_flags([1], [imapclient.SEEN])
imap.set_flags([5], [imapclient.ANSWERED])
assert {uid: set(flags) - {b"\\Recent"} for uid, flags in imap.get_flags([1, 2, 5]).items()} == {
    1: {imapclient.FLAGGED, b"$Work"},
    2: {imapclient.FLAGGED, b"$Work"},
    5: {imapclient.ANSWERED},
}
assert imap.search(["KEYWORD", "$Work"]) == [1, 2]

# copies and moves keep flags and date
imap.copy([1, 2], "Archive")
imap.move([3, 4], "Archive")
assert imap.search("ALL") == [1, 2, 5]
assert imap.folder_status("Archive", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 4, b"UNSEEN": 3}
imap.delete_messages([2, 5])
imap.expunge([5])
assert imap.search("ALL") == [1, 2] and imap.search("DELETED") == [2]
imap.unselect_folder()
assert imap.folder_status("Work", ["MESSAGES"]) == {b"MESSAGES": 2}, "UNSELECT expunges nothing"
imap.select_folder("Work")
imap.close_folder()
assert imap.folder_status("Work", ["MESSAGES"]) == {b"MESSAGES": 1}, "CLOSE expunges"
imap.select_folder("Archive", readonly=True)
moved = imap.fetch(imap.search("ALL"), ["INTERNALDATE", "FLAGS", "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
assert [item[b"INTERNALDATE"] for item in moved.values()] == [when] * 4, moved
assert [b"$Work" in item[b"FLAGS"] for item in moved.values()] == [True, True, False, False], moved

# another session's doings are news to one that idles
other = connect()
other.select_folder("Work")
other.idle()
imap.select_folder("Work")
imap.append("Work", message(6))
news = other.idle_check(timeout=10)
assert (2, b"EXISTS") in news, news
imap.delete_messages(imap.search("ALL"))
imap.expunge()
seen = []
while not any(len(item) > 1 and item[1] == b"EXPUNGE" for item in seen):
    some = other.idle_check(timeout=10)
    assert some, seen
    seen += some
other.idle_done()
assert other.search("ALL") == []
other.logout()
imap.logout()
print("all checks passed")
