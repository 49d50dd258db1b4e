"""Whole POP3 sessions with Python's poplib: SMTP_PORT IMAPS_PORT POP3_PORT POP3S_PORT LOGIN PASSWORD."""
import poplib
import smtplib
import ssl
import sys

smtp_port, imaps_port, pop3_port, pop3s_port = map(int, sys.argv[1:5])
login, password = sys.argv[5:7]
trusting = ssl._create_unverified_context()


def implicit():
    return poplib.POP3_SSL("127.0.0.1", pop3s_port, context=trusting, timeout=30)


def log_in(pop, secret=password):
    pop.user(login)
    return pop.pass_(secret)


def refused(call, *arguments):
    try:
        call(*arguments)
    except poplib.error_proto as error:
        return error.args[0]
    raise AssertionError(f"{call} {arguments} was not refused")


messages = [
    f"From: carla@elsewhere.example\r\nTo: <{login}>\r\nMessage-ID: <{number}@elsewhere.example>\r\n"
    f"Subject: number {number}\r\n\r\n.dot\r\n..\r\nline {number}\r\n".encode()
    for number in range(1, 5)
]
with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
    smtp.starttls(context=trusting)
    for message in messages:
        smtp.sendmail("carla@elsewhere.example", [login], message)

# in plain no password is asked for
pop = poplib.POP3("127.0.0.1", pop3_port, timeout=30)
capabilities = pop.capa()
assert "STLS" in capabilities and "USER" not in capabilities and "SASL" not in capabilities, capabilities
assert b"STLS" in refused(pop.user, login)
pop.stls(context=trusting)
capabilities = pop.capa()
assert "STLS" not in capabilities and "USER" in capabilities and capabilities["SASL"] == ["PLAIN"], capabilities
for name in ("TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE"):
    assert name in capabilities, capabilities
pop.user(login)
assert b"[AUTH]" in refused(pop.pass_, "wrong")
log_in(pop)
count, octets = pop.stat()
assert count == 4
listed = [tuple(map(int, line.split())) for line in pop.list()[1]]
assert [number for number, _ in listed] == [1, 2, 3, 4] and sum(size for _, size in listed) == octets
ids = [line.split()[1] for line in pop.uidl()[1]]
assert len(set(ids)) == 4
for (number, size), message in zip(listed, messages):
    _, lines, _ = pop.retr(number)
    text = b"".join(line + b"\r\n" for line in lines)
    assert len(text) == size, (len(text), size)
    assert text.endswith(message), text
    header, body = text.split(b"\r\n\r\n", 1)
    _, top, _ = pop.top(number, 1)
    assert b"\r\n".join(top) == header + b"\r\n\r\n.dot", top
pop.dele(1)
pop.dele(2)
pop.rset()
pop.dele(3)
assert b"no such message" in refused(pop.retr, 3)
assert pop.stat() == (3, octets - listed[2][1])
# the connection breaks: nothing is removed
pop.close()

pop = implicit()
log_in(pop)
assert [line.split()[1] for line in pop.uidl()[1]] == ids
pop.dele(1)
pop.dele(3)
assert b"2 removed" in pop.quit()

pop = implicit()
log_in(pop)
assert [line.split() for line in pop.uidl()[1]] == [[b"1", ids[1]], [b"2", ids[3]]]
pop.quit()
