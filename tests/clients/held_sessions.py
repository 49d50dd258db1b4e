"""Holds COUNT logged-in IMAP sessions in IDLE over TLS and COUNT SMTP transactions in the middle of their message, while
another thread opens connections one after the other: SMTP_PORT IMAPS_PORT LOGIN PASSWORD COUNT. Says "open", then does
what each line of its input says: "new" tells how many connections were opened meanwhile, or why one was not; "finish" sends
the rest of every message and ends every session, and tells how many went well; "bye" tells how many IMAP sessions were ended
by a BYE."""
import itertools
import resource
import socket
import ssl
import sys
import threading
import time

smtp_port, imaps_port, login, password, count = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * count + 200, hard), hard))
context = ssl._create_unverified_context()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 30)


def until(stream, tag):
    while True:
        line = stream.readline()
        assert line, "the server closed"
        if line.startswith(tag):
            assert b" OK" in line, line
            return


def say(stream, line, expected):
    stream.write(line + b"\r\n")
    stream.flush()
    reply = stream.readline()
    while reply[3:4] == b"-":
        reply = stream.readline()
    assert reply.startswith(expected), (line, reply)


def imap():
    stream = context.wrap_socket(connect(imaps_port)).makefile("rwb")
    stream.readline()
    stream.write(b'a LOGIN %s "%s"\r\n' % (login.encode(), password.encode()))
    stream.flush()
    until(stream, b"a ")
    stream.write(b"b SELECT INBOX\r\nc IDLE\r\n")
    stream.flush()
    until(stream, b"b ")
    assert stream.readline().startswith(b"+")
    return stream


def smtp():
    stream = connect(smtp_port).makefile("rwb")
    assert stream.readline().startswith(b"220")
    say(stream, b"EHLO client.elsewhere.example", b"250")
    say(stream, b"MAIL FROM:<someone@elsewhere.example>", b"250")
    say(stream, b"RCPT TO:<%s>" % login.encode(), b"250")
    say(stream, b"DATA", b"354")
    stream.write(b"Subject: held\r\n\r\nthe first half\r\n")
    stream.flush()
    return stream


opened, failure, ended = itertools.count(), [], threading.Event()


def visit():
    """One short connection of each kind."""
    stream = connect(smtp_port).makefile("rwb")
    assert stream.readline().startswith(b"220")
    say(stream, b"QUIT", b"221")
    with context.wrap_socket(connect(imaps_port)) as secured:
        assert secured.recv(4).startswith(b"* OK")


def keep_visiting():
    while not ended.is_set() and not failure:
        try:
            visit()
        except (OSError, AssertionError) as error:
            failure.append(repr(error))
        next(opened)
        time.sleep(0.01)


def finish_imap(stream):
    stream.write(b"DONE\r\n")
    stream.flush()
    until(stream, b"c ")
    stream.write(b"d NOOP\r\ne LOGOUT\r\n")
    stream.flush()
    until(stream, b"d ")
    until(stream, b"e ")


def finish_smtp(stream):
    say(stream, b"the second half\r\n.", b"250")
    say(stream, b"QUIT", b"221")


def went_well(finish, streams):
    well = 0
    for stream in streams:
        try:
            finish(stream)
            well += 1
        except (OSError, AssertionError) as error:
            print(f"{finish.__name__}: {error!r}", file=sys.stderr, flush=True)
    return well


def said_bye(stream):
    lines = stream.readlines()
    return any(line.startswith(b"* BYE") for line in lines)


mailboxes = [imap() for _ in range(count)]
transactions = [smtp() for _ in range(count)]
visitor = threading.Thread(target=keep_visiting, daemon=True)
visitor.start()
print("open", flush=True)
for line in sys.stdin:
    match line.strip():
        case "new":
            print(failure[0] if failure else f"opened {next(opened)}", flush=True)
        case "finish":
            ended.set()
            visitor.join()
            print(f"ended {went_well(finish_imap, mailboxes)} {went_well(finish_smtp, transactions)}", flush=True)
        case "bye":
            ended.set()
            visitor.join()
            print(f"bye {sum(said_bye(stream) for stream in mailboxes)}", flush=True)
