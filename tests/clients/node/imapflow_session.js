// A day with imapflow: implicit|starttls PORT LOGIN PASSWORD.
"use strict";
const assert = require("assert");
const fs = require("fs");
const { ImapFlow } = require("imapflow");

const [how, port, user, pass] = process.argv.slice(2);

function client() {
    return new ImapFlow({
        host: "localhost",
        port: Number(port),
        secure: how === "implicit",
        doSTARTTLS: how !== "implicit",
        auth: { user, pass },
        tls: { ca: fs.readFileSync(process.env.CERTIFICATE) },
        logger: false,
    });
}

const attached = Buffer.from("an attachment, ä\0\n").toString("base64");
const message = (number) =>
    `From: Carla <carla@elsewhere.example>\r\nTo: ${user}\r\nSubject: number ${number}\r\n` +
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe text\r\n--b\r\n" +
    "Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n" +
    `Content-Disposition: attachment; filename=a.bin\r\n\r\n${attached}\r\n--b--\r\n`;

async function all(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
}

function event(of, name) {
    return new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no ${name}`)), 10000);
        of.once(name, (what) => {
            clearTimeout(late);
            resolve(what);
        });
    });
}

async function main() {
    const imap = client();
    await imap.connect();
    const uses = Object.fromEntries((await imap.list()).map((box) => [box.path, box.specialUse]));
    assert.deepStrictEqual([uses.Drafts, uses.Sent, uses.Trash], ["\\Drafts", "\\Sent", "\\Trash"]);

    assert.strictEqual((await imap.mailboxCreate(["Plans", "Äpfel"])).created, true);
    // what is above it is a name only, until it is made
    assert.strictEqual((await imap.mailboxCreate("Plans")).created, true);
    assert.strictEqual((await imap.mailboxCreate("Plans")).created, false);
    await imap.mailboxSubscribe("Plans/Äpfel");
    assert((await imap.list()).some((box) => box.path === "Plans/Äpfel" && box.subscribed));
    await imap.mailboxRename("Plans/Äpfel", "Plans/Birnen");

    for (let number = 1; number <= 4; number += 1) {
        const date = new Date("2026-07-03T10:00:00Z");
        const appended = await imap.append("Plans/Birnen", message(number), ["\\Flagged", "$Fruit"], date);
        assert.strictEqual(appended.uid, number);
    }
    const lock = await imap.getMailboxLock("Plans/Birnen");
    assert.strictEqual(imap.mailbox.exists, 4);
    assert.deepStrictEqual(await imap.search({ subject: "number 2", flagged: true }, { uid: true }), [2]);
    const first = await imap.fetchOne("1", { uid: true, envelope: true, bodyStructure: true, flags: true, internalDate: true });
    assert.strictEqual(first.envelope.from[0].address, "carla@elsewhere.example");
    assert.strictEqual(first.bodyStructure.childNodes[1].dispositionParameters.filename, "a.bin");
    assert.strictEqual(first.internalDate.toISOString(), "2026-07-03T10:00:00.000Z");
    assert(first.flags.has("$Fruit") && first.flags.has("\\Flagged"));
    const { content } = await imap.download("1", "2");
    assert.strictEqual((await all(content)).toString("base64"), attached);

    assert(await imap.messageFlagsAdd("1:2", ["\\Seen"]));
    assert(await imap.messageFlagsRemove("2", ["\\Flagged"]));
    assert.deepStrictEqual(await imap.search({ seen: true, flagged: false }, { uid: true }), [2]);
    const copied = await imap.messageCopy("1", "Archive");
    assert.deepStrictEqual([...copied.uidMap.keys()], [1]);
    const moved = await imap.messageMove("3:4", "Archive", { uid: true });
    assert.deepStrictEqual([...moved.uidMap.keys()], [3, 4]);
    assert.strictEqual((await imap.status("Archive", { messages: true })).messages, 3);
    assert(await imap.messageDelete({ uid: "2" }));
    assert.deepStrictEqual(await imap.search({ all: true }, { uid: true }), [1]);

    // news of what another session does, while this one idles
    const other = client();
    await other.connect();
    const arrival = event(imap, "exists");
    imap.idle();
    await other.append("Plans/Birnen", message(5));
    assert.strictEqual((await arrival).count, 2);
    const departure = event(imap, "expunge");
    await other.mailboxOpen("Plans/Birnen");
    await other.messageDelete("1");
    await departure;
    lock.release();
    await other.mailboxClose();

    await imap.mailboxClose();
    await imap.mailboxDelete("Plans/Birnen");
    await imap.mailboxDelete("Plans");
    assert(!(await imap.list()).some((box) => box.path.startsWith("Plans")));
    await other.logout();
    await imap.logout();
    console.log("all checks passed");
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
