"""Sends standard input with Python's smtplib: implicit|starttls PORT LOGIN PASSWORD SENDER TO SUBJECT."""
import os
import smtplib
import ssl
import sys
from email.message import EmailMessage

how, port, login, password, sender, to, subject = sys.argv[1:8]
context = ssl.create_default_context(cafile=os.environ["CERTIFICATE"])
if how == "implicit":
    smtp = smtplib.SMTP_SSL("localhost", int(port), context=context, timeout=30)
else:
    smtp = smtplib.SMTP("localhost", int(port), timeout=30)
    smtp.starttls(context=context)
if login:
    smtp.login(login, password)
message = EmailMessage()
message["From"], message["To"], message["Subject"] = sender, to, subject
message.set_content(sys.stdin.read(), cte="8bit")
smtp.send_message(message)
smtp.quit()
