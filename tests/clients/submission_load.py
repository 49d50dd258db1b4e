"""Submits until it is told to stop by the end of its standard input, and prints the Message-ID of what was acknowledged:
SMTP_PORT IMAPS_PORT SUBMISSIONS_PORT LOGIN PASSWORD RECIPIENT... A connection that breaks is made again."""
import os
import smtplib
import ssl
import sys
import threading
import time

port = int(sys.argv[3])
login, password, *recipients = sys.argv[4:]
trusting = ssl._create_unverified_context()
stop = threading.Event()
acknowledged = []


def send(name):
    number = 0
    while not stop.is_set():
        try:
            with smtplib.SMTP_SSL("127.0.0.1", port, context=trusting, timeout=30) as smtp:
                smtp.login(login, password)
                while not stop.is_set():
                    number += 1
                    id = f"<{os.getpid()}.{name}.{number}@load.example>"
                    if not smtp.sendmail(login, recipients, f"Message-ID: {id}\r\nSubject: load\r\n\r\n{'x' * 2000}\r\n"):
                        acknowledged.append(id)
        except (smtplib.SMTPException, OSError):
            time.sleep(0.05)


clients = [threading.Thread(target=send, args=(name,)) for name in range(3)]
for client in clients:
    client.start()
sys.stdin.read()
stop.set()
for client in clients:
    client.join()
print("\n".join(acknowledged))
