// Sends standard input with nodemailer: implicit|starttls PORT LOGIN PASSWORD SENDER TO SUBJECT.
"use strict";
const fs = require("fs");
const nodemailer = require("nodemailer");

const [how, port, login, password, from, to, subject] = process.argv.slice(2);
const transport = nodemailer.createTransport({
    host: "localhost",
    port: Number(port),
    secure: how === "implicit",
    requireTLS: true,
    auth: login ? { user: login, pass: password } : undefined,
    tls: { ca: fs.readFileSync(process.env.CERTIFICATE) },
});
transport
    .sendMail({ from, to, subject, text: fs.readFileSync(0, "utf8"), textEncoding: "quoted-printable" })
    .then((info) => console.log(info.response))
    .catch((error) => {
        console.error(error);
        process.exit(1);
    });
