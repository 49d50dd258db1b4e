//! What stands behind the command that begins TLS was said by whoever sits between: it must not be executed, not be
//! answered, and leave no trace in the session that is secured (RFC 3207 section 4.2, RFC 2595 section 2.1, CVE-2011-0411).

use std::net::Ipv4Addr;
use std::time::Duration;

use bulkhead_tests::attack::{Client, Door, LOGIN, PASSWORD, connector, runtime};
use bulkhead_tests::mail::curl;
use bulkhead_tests::suite::{Options, Suite, User, text_of};
use tokio::task::{JoinSet, LocalSet};

const FROM: Ipv4Addr = Ipv4Addr::new(127, 40, 0, 1);
/// Long enough for a reply that should not come.
const SILENCE: Duration = Duration::from_millis(400);

fn suite() -> Suite {
    let suite = Suite::start(User::here()[0], Options::default());
    suite.import(&[(LOGIN, PASSWORD)]);
    suite
}

/// A way into TLS with something behind the command that begins it.
#[derive(Clone, Copy)]
struct Case {
    door: Door,
    /// Said in plain, before.
    before: &'static str,
    injected: &'static str,
    /// Said by TLS, and how the last line of its reply begins if nothing was injected.
    said: &'static str,
    reply: &'static str,
}

/// When the injected octets arrive.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// In one piece with the command.
    With,
    /// When it was answered.
    After,
}

impl Case {
    /// All that is heard by TLS; an error when there was none.
    async fn heard(self, port: u16, injected: &str, arrival: Arrival) -> std::io::Result<String> {
        let mut client = Client::enter(self.door, port, FROM, &connector()).await.expect("a greeting");
        client.send(self.before.as_bytes()).await.expect("it is sent");
        client.rest(SILENCE).await;
        let (command, reply) = self.door.starttls().expect("it has one");
        match arrival {
            Arrival::With => {
                client.send(format!("{command}\r\n{injected}").as_bytes()).await?;
                client.until(&[reply]).await?;
            }
            Arrival::After => {
                client.say(command, reply).await?;
                client.send(injected.as_bytes()).await?;
                tokio::time::sleep(SILENCE).await;
            }
        }
        client.secure(&connector()).await?;
        let mut heard = client.rest(SILENCE).await;
        client.send(self.said.as_bytes()).await?;
        heard.push_str(&client.until(&[self.reply]).await?);
        heard.push_str(&client.rest(SILENCE).await);
        Ok(heard)
    }

    /// Asserts that nobody can tell whether something was injected.
    async fn holds(self, port: u16) {
        let Case { door, injected, said, .. } = self;
        let clean = self.heard(port, "", Arrival::With).await;
        let clean = clean.unwrap_or_else(|error| panic!("{door:?} {said:?} with nothing injected: {error}"));
        for arrival in [Arrival::With, Arrival::After] {
            // no TLS is as good: then there is no session to speak of
            if let Ok(heard) = self.heard(port, injected, arrival).await {
                assert_eq!(heard, clean, "{door:?} {injected:?} {arrival:?}, then {said:?}");
            }
        }
    }
}

const fn case(
    door: Door,
    before: &'static str,
    injected: &'static str,
    said: &'static str,
    reply: &'static str,
) -> Case {
    Case { door, before, injected, said, reply }
}

const HELLO: &str = "EHLO x.example\r\n";
const CASES: [Case; 16] = [
    case(Door::Smtp, HELLO, "NOOP\r\n", "QUIT\r\n", "221 "),
    case(Door::Smtp, HELLO, "EHLO evil.example\r\n", "MAIL FROM:<a@b.example>\r\n", "503 "),
    case(
        Door::Smtp,
        HELLO,
        "EHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<anna@example.org>\r\n",
        "DATA\r\n",
        "503 ",
    ),
    // half a command, which would swallow the first one of the real client
    case(Door::Smtp, HELLO, "NOOP ", "EHLO y.example\r\n", "250 "),
    // a login, and a sender, of somebody else's
    case(
        Door::Submission,
        HELLO,
        "EHLO x\r\nAUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==\r\n",
        "MAIL FROM:<anna@example.org>\r\n",
        "5",
    ),
    case(Door::Submission, HELLO, "AUTH LOGIN\r\nYW5uYQ==\r\n", "EHLO y.example\r\n", "250 "),
    case(Door::Submission, HELLO, "EHLO x\r\nAUTH PLAIN\r\n", "QUIT\r\n", "221 "),
    case(Door::Imap, "", "i NOOP\r\n", "n LOGOUT\r\n", "n OK"),
    case(Door::Imap, "", "i LOGIN anna@example.org \"correct horse\"\r\n", "n SELECT INBOX\r\n", "n BAD"),
    case(Door::Imap, "", "i AUTHENTICATE PLAIN\r\n", "n CAPABILITY\r\n", "n OK"),
    // half a command, and half of a literal
    case(Door::Imap, "", "i LOGIN {20+}\r\n", "n LOGOUT\r\n", "n OK"),
    case(Door::Pop3, "", "CAPA\r\n", "QUIT\r\n", "+OK"),
    case(Door::Pop3, "", "USER anna@example.org\r\n", "PASS correct horse\r\n", "-ERR"),
    case(Door::Pop3, "", "USER anna@example.org\r\nPASS correct horse\r\n", "STAT\r\n", "-ERR"),
    case(Door::Pop3, "", "AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==\r\n", "STAT\r\n", "-ERR"),
    case(Door::Pop3, "", "USER ", "CAPA\r\n", "+OK"),
];

#[test]
fn what_is_said_behind_starttls_is_not_executed() {
    let suite = suite();
    runtime().block_on(LocalSet::new().run_until(async {
        let mut cases = JoinSet::new();
        for case in CASES {
            cases.spawn_local(case.holds(case.door.port(&suite)));
        }
        cases.join_all().await;
    }));
    let status = curl(&suite, &format!("{LOGIN}:{PASSWORD}"), "", Some("STATUS INBOX (MESSAGES)"));
    assert!(text_of(&status).contains("MESSAGES 0"), "{}", text_of(&status));
}

#[test]
fn what_is_said_before_starttls_is_forgotten() {
    let suite = suite();
    runtime().block_on(async {
        let open = "EHLO x.example\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<anna@example.org>\r\n";
        for case in [
            case(Door::Smtp, open, "", "DATA\r\n", "503 "),
            case(Door::Smtp, open, "", "MAIL FROM:<a@b.example>\r\n", "503 "),
            case(Door::Smtp, open, "", "STARTTLS\r\n", "503 "),
            case(Door::Submission, HELLO, "", "MAIL FROM:<anna@example.org>\r\n", "503 "),
            case(Door::Submission, HELLO, "", "STARTTLS\r\n", "503 "),
            case(Door::Imap, "", "", "n STARTTLS\r\n", "n BAD"),
            case(Door::Pop3, "", "", "STLS\r\n", "-ERR"),
        ] {
            case.heard(case.door.port(&suite), "", Arrival::With).await.expect(case.said);
        }
        // it is not offered a second time
        let hello = case(Door::Smtp, HELLO, "", HELLO, "250-mail");
        let heard = hello.heard(suite.smtp, "", Arrival::With).await.expect("a reply");
        assert!(heard.contains("8BITMIME") && !heard.contains("STARTTLS"), "{heard}");
    });
}

#[test]
fn no_password_is_taken_in_plain() {
    let suite = suite();
    runtime().block_on(async {
        for (door, said, refusal) in [
            (Door::Pop3, "USER anna@example.org\r\nPASS correct horse\r\n", "-ERR"),
            (Door::Pop3, "AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==\r\n", "-ERR"),
            (Door::Submission, "AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==\r\n", "5"),
            (Door::Submission, "AUTH LOGIN\r\n", "5"),
            (Door::Imap, "n LOGIN anna@example.org \"correct horse\"\r\n", "n NO [PRIVACYREQUIRED]"),
            (Door::Imap, "n AUTHENTICATE PLAIN\r\n", "n NO [PRIVACYREQUIRED]"),
            (Door::Smtp, "AUTH PLAIN AGFubmFAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==\r\n", "5"),
        ] {
            let mut client = Client::open(&suite, door, FROM, &connector()).await.expect("a greeting");
            if door.greeting() == "220 " {
                client.say("EHLO x.example", "250 ").await.expect("a reply");
            }
            client.send(said.as_bytes()).await.expect("it is sent");
            let heard = client.rest(SILENCE).await;
            let refused = !heard.is_empty() && heard.lines().all(|line| line.starts_with(refusal));
            assert!(refused, "{door:?} {said:?}: {heard:?}");
        }
    });
    assert!(!suite.log().contains("logged in"), "{}", suite.log());
}
