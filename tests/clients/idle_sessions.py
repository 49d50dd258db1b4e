"""Opens COUNT logged-in IMAP sessions over TLS with INBOX selected, says so, and holds them until its input ends:
SMTP_PORT IMAPS_PORT LOGIN PASSWORD COUNT."""
import resource
import socket
import ssl
import sys

imaps_port, login, password, count = int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
context = ssl._create_unverified_context()


def until(stream, tag):
    while True:
        line = stream.readline()
        assert line, "the server closed"
        if line.startswith(tag):
            assert b" OK" in line, line
            return


sessions = []
for number in range(count):
    stream = context.wrap_socket(socket.create_connection(("127.0.0.1", imaps_port))).makefile("rwb")
    stream.readline()
    stream.write(b'a LOGIN %s "%s"\r\n' % (login.encode(), password.encode()))
    stream.flush()
    until(stream, b"a ")
    stream.write(b"b SELECT INBOX\r\n")
    stream.flush()
    until(stream, b"b ")
    stream.write(b"c IDLE\r\n")
    stream.flush()
    assert stream.readline().startswith(b"+")
    sessions.append(stream)
print("open", flush=True)
sys.stdin.read()
