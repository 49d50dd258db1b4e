//! A client that only looks: it logs in, lists, and fetches, and nothing changes at the server by it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::command::Command;
use super::error::ImapError;
use super::rows::{Examined, Listed, Namespaces, Row, Rows};
use super::value::Value;
use super::wire::{Condition, Response, Status, Stream, Wire};

/// The most folders that a server lists.
const FOLDERS_MAX: usize = 20_000;

/// A session with a server.
pub struct Client {
    pub(super) wire: Wire,
    capabilities: BTreeSet<String>,
    logged_in: bool,
    tags: u64,
    /// A message was begun and not read to its end: what comes next is no response.
    pub(super) amid_message: bool,
    /// Commands that are not answered yet, though what they asked for may have come: a server may answer a few at once.
    pub(super) unanswered: BTreeSet<String>,
}

impl Client {
    /// Reads the server's greeting.
    ///
    /// # Errors
    /// When it is none, or the server does not want to serve.
    pub fn greeted(stream: Box<dyn Stream>) -> Result<Self, ImapError> {
        let mut wire = Wire::new(stream);
        let logged_in = match wire.response()? {
            Response::Status(Status { tag: None, condition: Condition::Ok, .. }) => false,
            Response::Status(Status { tag: None, condition: Condition::Preauth, .. }) => true,
            Response::Status(Status { tag: None, condition: Condition::Bye, text, .. }) => {
                return Err(ImapError::Bye(text));
            }
            _ => return Err(ImapError::Syntax("no greeting")),
        };
        Ok(Client::new(wire, logged_in))
    }

    /// Has the server begin with TLS (RFC 9051 section 6.2.1) on a connection without.
    /// What a server says before is not believed: on the secured connection a session starts anew with [`Client::secured`].
    ///
    /// # Errors
    /// When it does not offer that, or sends more than its answer: somebody could have put that in.
    pub fn starttls(stream: Box<dyn Stream>) -> Result<(), ImapError> {
        let mut client = Client::greeted(stream)?;
        if client.logged_in {
            return Err(ImapError::Unsafe("has somebody logged in already before TLS"));
        }
        client.ask_capabilities()?;
        if !client.can("STARTTLS") {
            return Err(ImapError::Unsafe("does not offer STARTTLS"));
        }
        client.must("STARTTLS", &Command::new("STARTTLS"), &mut |_| Ok(()))?;
        if client.wire.has_more() {
            return Err(ImapError::Unsafe("sent something in plain behind its answer to STARTTLS"));
        }
        Ok(())
    }

    /// A session on a connection that STARTTLS has secured: there is no second greeting.
    #[must_use]
    pub fn secured(stream: Box<dyn Stream>) -> Self {
        Client::new(Wire::new(stream), false)
    }

    fn new(wire: Wire, logged_in: bool) -> Self {
        let (capabilities, unanswered) = (BTreeSet::new(), BTreeSet::new());
        Client { wire, capabilities, logged_in, tags: 0, amid_message: false, unanswered }
    }

    /// Logs in, by SASL PLAIN (RFC 4616) where the server has it, else by LOGIN.
    ///
    /// # Errors
    /// When the server does not want to, or the login is wrong.
    pub fn log_in(&mut self, user: &str, password: &[u8]) -> Result<(), ImapError> {
        if self.logged_in {
            return Ok(());
        }
        self.ask_capabilities()?;
        let command = if self.can("AUTH=PLAIN") {
            let credentials = Zeroizing::new([b"\0".as_slice(), user.as_bytes(), b"\0", password].concat());
            let encoded = Zeroizing::new(BASE64_STANDARD.encode(&credentials));
            let plain = Command::new("AUTHENTICATE PLAIN");
            // RFC 4959: the first answer with the command
            if self.can("SASL-IR") { plain.word(encoded.as_bytes()) } else { plain.then(encoded.as_bytes()) }
        } else if self.can("LOGINDISABLED") {
            return Err(ImapError::Unsafe("offers no login by password"));
        } else {
            Command::new("LOGIN").string(user.as_bytes()).string(password)
        };
        let status = self.run(&command, &mut |_| Ok(()))?;
        if status.condition != Condition::Ok {
            return Err(ImapError::Login(status.text));
        }
        self.logged_in = true;
        self.ask_capabilities()
    }

    /// Where the account's own folders are, and others' (RFC 2342).
    ///
    /// # Errors
    /// When the connection is gone, or the answer makes no sense; so for all that follow.
    pub fn namespaces(&mut self) -> Result<Namespaces, ImapError> {
        let mut found = Namespaces::default();
        if self.can("NAMESPACE") {
            self.must("NAMESPACE", &Command::new("NAMESPACE"), &mut |untagged| {
                if let Untagged::Data(values) = untagged {
                    found.take(&values);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// All folders.
    ///
    /// # Errors
    /// As [`Client::namespaces`].
    pub fn list(&mut self) -> Result<Vec<Listed>, ImapError> {
        // RFC 6154 section 2: without being asked a server may keep special uses to itself
        let tells = self.can("IMAP4REV2") || self.can("LIST-EXTENDED") && self.can("SPECIAL-USE");
        let list = if tells { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        self.listed("LIST", list)
    }

    /// All subscribed names.
    ///
    /// # Errors
    /// As [`Client::namespaces`].
    pub fn subscribed(&mut self) -> Result<Vec<Listed>, ImapError> {
        // RFC 9051 has LSUB no longer
        match self.can("IMAP4REV2") || self.can("LIST-EXTENDED") {
            true => self.listed("LIST", "LIST (SUBSCRIBED) \"\" \"*\""),
            false => self.listed("LSUB", "LSUB \"\" \"*\""),
        }
    }

    /// Opens a folder for reading only; else why not.
    ///
    /// # Errors
    /// As [`Client::namespaces`].
    pub fn examine(&mut self, name: &[u8]) -> Result<Result<Examined, String>, ImapError> {
        let mut examined = Examined::default();
        let command = Command::new("EXAMINE").string(name);
        let status = self.run(&command, &mut |untagged| {
            match untagged {
                Untagged::Data(values) => examined.take(&values),
                Untagged::Status(status) => examined.take_code(status.code.as_deref().unwrap_or_default()),
            }
            Ok(())
        })?;
        if status.condition != Condition::Ok {
            return Ok(Err(status.text));
        }
        examined.take_code(status.code.as_deref().unwrap_or_default());
        Ok(Ok(examined))
    }

    /// What is known of the opened folder's messages, by rising UID.
    ///
    /// # Errors
    /// As [`Client::namespaces`].
    pub fn rows(&mut self) -> Result<Vec<Row>, ImapError> {
        let mut rows = Rows::default();
        let command = Command::new("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)");
        self.must("UID FETCH", &command, &mut |untagged| {
            if let Untagged::Data(values) = untagged {
                rows.take(&values);
            }
            Ok(())
        })?;
        Ok(rows.sorted())
    }

    /// Says goodbye. What a server answers is of no interest any longer.
    pub fn log_out(mut self) {
        if !self.amid_message {
            let _ = self.run(&Command::new("LOGOUT"), &mut |_| Ok(()));
        }
    }

    fn listed(&mut self, name: &'static str, command: &'static str) -> Result<Vec<Listed>, ImapError> {
        let mut all = Vec::new();
        self.must(name, &Command::new(command), &mut |untagged| {
            if let Untagged::Data(values) = untagged
                && let Some(listed) = Listed::of(name, &values)
            {
                if all.len() >= FOLDERS_MAX {
                    return Err(ImapError::Syntax("more than 20000 folders"));
                }
                all.push(listed);
            }
            Ok(())
        })?;
        Ok(all)
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    fn ask_capabilities(&mut self) -> Result<(), ImapError> {
        let mut capabilities = BTreeSet::new();
        self.must("CAPABILITY", &Command::new("CAPABILITY"), &mut |untagged| {
            if let Untagged::Data(values) = untagged
                && let Some((first, rest)) = values.split_first()
                && first.is("CAPABILITY")
            {
                let words = rest.iter().filter_map(Value::text);
                capabilities.extend(words.map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()));
            }
            Ok(())
        })?;
        self.capabilities = capabilities;
        Ok(())
    }

    /// A command that has to succeed.
    fn must(&mut self, name: &'static str, command: &Command, each: Each<'_>) -> Result<(), ImapError> {
        let status = self.run(command, each)?;
        match status.condition {
            Condition::Ok => Ok(()),
            _ => Err(ImapError::Refused { command: name, why: status.text }),
        }
    }

    /// Sends a command, and takes all until its end.
    fn run(&mut self, command: &Command, each: Each<'_>) -> Result<Status, ImapError> {
        let tag = self.tag()?;
        let mut lines = command.lines(&tag).into_iter();
        self.wire.allow();
        self.wire.send(&lines.next().unwrap_or_default())?;
        loop {
            match self.wire.response()? {
                Response::Continue => {
                    let line = lines.next().ok_or(ImapError::Syntax("it waits for what is not there"))?;
                    self.wire.send(&line)?;
                }
                Response::Status(status) => match &status.tag {
                    Some(answered) if *answered == tag => return Ok(status),
                    Some(_) => drop(self.earlier(status)?),
                    None => each(Untagged::Status(unless_bye(status)?))?,
                },
                Response::Data(values) => each(Untagged::Data(values))?,
                Response::Message(..) => return Err(ImapError::Syntax("a message nobody asked for")),
            }
        }
    }

    /// A status that ends an earlier command: which.
    pub(super) fn earlier(&mut self, status: Status) -> Result<(String, Status), ImapError> {
        match status.tag.as_ref().and_then(|tag| self.unanswered.take(tag)) {
            Some(tag) => Ok((tag, status)),
            None => Err(ImapError::Syntax("it answers what was not asked")),
        }
    }

    /// The next command's tag.
    pub(super) fn tag(&mut self) -> Result<String, ImapError> {
        if self.amid_message {
            return Err(ImapError::Syntax("a message was not read to its end"));
        }
        self.tags = self.tags.wrapping_add(1);
        Ok(format!("b{}", self.tags))
    }
}

/// What a server says besides the answer.
pub(super) enum Untagged {
    Data(Vec<Value>),
    Status(Status),
}

type Each<'a> = &'a mut dyn FnMut(Untagged) -> Result<(), ImapError>;

/// A status about no command: the session goes on.
pub(super) fn unless_bye(status: Status) -> Result<Status, ImapError> {
    match status.condition {
        Condition::Bye => Err(ImapError::Bye(status.text)),
        _ => Ok(status),
    }
}
