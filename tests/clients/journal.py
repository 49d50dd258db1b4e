"""Plays systemd's journal, in a mount namespace of its own, for a suite it starts: BULKHEAD CONFIG SMTP_PORT LOGIN PASSWORD LOG.
Prints each record as a line of JSON."""
import json
import os
import signal
import smtplib
import socket
import struct
import subprocess
import sys
import threading

bulkhead, config, smtp_port, login, password, log = sys.argv[1:7]
subprocess.run(["mkdir", "-p", "/run/systemd"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run/systemd"], check=True)
os.mkdir("/run/systemd/journal")
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.bind("/run/systemd/journal/socket")
os.chmod("/run/systemd/journal/socket", 0o666)
datagrams = []


def listen():
    while True:
        datagrams.append(journal.recv(1 << 16))


threading.Thread(target=listen, daemon=True).start()

stderr = open(log, "ab")
about = os.fstat(stderr.fileno())
suite = subprocess.Popen(
    [bulkhead, "run", "--config", config],
    stdout=subprocess.PIPE,
    stderr=stderr,
    env={"PATH": os.environ["PATH"], "JOURNAL_STREAM": "%d:%d" % (about.st_dev, about.st_ino)},
)
ready = suite.stdout.readline()
assert ready.startswith(b"bulkhead: ready"), ready
subprocess.run(
    [bulkhead, "account", "import", "-", "--config", config], input=f"{login}:{password}\n".encode(), check=True, stdout=subprocess.DEVNULL
)
with smtplib.SMTP("127.0.0.1", int(smtp_port)) as smtp:
    smtp.sendmail("someone@elsewhere.example", [login], "Subject: for the journal\r\n\r\nhello\r\n")
suite.send_signal(signal.SIGTERM)
assert suite.wait(30) == 0


def fields(datagram):
    """The journal's native protocol: NAME=value lines, or NAME, a length and the value."""
    found, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        found[name.decode()] = value.decode()
    return found


for datagram in datagrams:
    print(json.dumps(fields(datagram)))
