// Prints all messages of INBOX with imapflow: imapflow implicit|starttls PORT LOGIN PASSWORD.
"use strict";
const fs = require("fs");
const { ImapFlow } = require("imapflow");

const [, how, port, user, pass] = process.argv.slice(2);
const client = new ImapFlow({
    host: "localhost",
    port: Number(port),
    secure: how === "implicit",
    doSTARTTLS: how !== "implicit",
    auth: { user, pass },
    tls: { ca: fs.readFileSync(process.env.CERTIFICATE) },
    logger: false,
});

async function main() {
    await client.connect();
    const lock = await client.getMailboxLock("INBOX", { readOnly: true });
    for await (const message of client.fetch("1:*", { source: true })) {
        process.stdout.write(message.source);
        process.stdout.write("\r\n");
    }
    lock.release();
    await client.logout();
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
