"""Logs in, idles, says so, and prints the next line the server says: SMTP_PORT IMAPS_PORT LOGIN PASSWORD."""
import socket
import ssl
import sys

context = ssl._create_unverified_context()
stream = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2])), 30)).makefile("rwb")
stream.readline()
for command, end in ((b'a LOGIN %s "%s"' % (sys.argv[3].encode(), sys.argv[4].encode()), b"a OK"), (b"b SELECT INBOX", b"b OK"), (b"c IDLE", b"+")):
    stream.write(command + b"\r\n")
    stream.flush()
    while not (line := stream.readline()).startswith(end):
        assert line, "the server closed"
print("open", flush=True)
print(stream.readline().decode(), flush=True)
