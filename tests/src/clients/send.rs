//! Programs that send mail.

use std::process::Command;

use super::{HOST, Site, Way, outcome};

/// Who sends.
pub const SENDER: &str = "anna@example.org";

/// A program that sends one message with that subject to that address: with a login if there is one, else without.
pub type Send = fn(&Site, Way<'_>, to: &str, subject: &str) -> Result<String, String>;

/// All of them.
pub const ALL: [(&str, Send); 7] = [
    ("swaks", swaks),
    ("msmtp", msmtp),
    ("curl", curl),
    ("s-nail", s_nail),
    ("neomutt", neomutt),
    ("smtplib", smtplib),
    ("nodemailer", nodemailer),
];

/// What each of them says in the text.
pub const TEXT: &str = "A line.\n.\n.a dot\n..two\nGrüße, the last line.\n";

fn swaks(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    let mut command = site.command("swaks");
    command.args([
        "--server",
        &format!("{HOST}:{}", way.port),
        "--helo",
        "client.example",
        "--timeout",
        "30",
    ]);
    command.args([
        way.either("--tls-on-connect", "--tls"),
        "--tls-verify",
        "--tls-ca-path",
        &site.certificate(),
    ]);
    command.args(["--from", SENDER, "--to", to, "--data", "-"]);
    if !way.login.is_empty() {
        command.args(["--auth", "PLAIN", "--auth-user", way.login, "--auth-password", way.password]);
    }
    outcome(command, &message(to, subject))
}

fn msmtp(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    let Way { port, login, password, .. } = way;
    let starttls = way.either("off", "on");
    let auth = if login.is_empty() {
        "auth off".to_owned()
    } else {
        format!("auth plain\nuser {login}\npassword \"{password}\"")
    };
    let text = format!(
        "account default\nhost {HOST}\nport {port}\ntls on\ntls_starttls {starttls}\ntls_trust_file {}\n\
         from {SENDER}\n{auth}\n",
        site.certificate()
    );
    let mut command = site.command("msmtp");
    command.args(["-C", &site.write("msmtprc", &text), "--", to]);
    outcome(command, &message(to, subject))
}

fn curl(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    let mut command = site.command("curl");
    command.args(["--silent", "--show-error", "--cacert", &site.certificate(), "--ssl-reqd", "--crlf"]);
    if !way.login.is_empty() {
        command.args(["--user", &format!("{}:{}", way.login, way.password)]);
    }
    let scheme = way.either("smtps", "smtp");
    command.arg(format!("{scheme}://{HOST}:{}/client.example", way.port));
    command.args(["--mail-from", SENDER, "--mail-rcpt", to, "--upload-file", "-"]);
    outcome(command, &message(to, subject))
}

fn s_nail(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    let mut command = site.command("s-nail");
    command.args(["-n", "-S", "v15-compat", "-S", "expandaddr", "-S", "sendwait", "-S", "tls-verify=strict"]);
    command.args(["-S", "tls-ca-no-defaults", "-S", &format!("tls-ca-file={}", site.certificate())]);
    let user = if way.login.is_empty() {
        command.args(["-S", "smtp-auth=none"]);
        String::new()
    } else {
        command.args(["-S", "smtp-auth=login"]);
        format!("{}:{}@", in_url(way.login), in_url(way.password))
    };
    command.args(way.either(&[][..], &["-S", "smtp-use-starttls"]));
    command.args(["-S", &format!("mta={}://{user}{HOST}:{}", way.either("smtps", "smtp"), way.port)]);
    command.args(["-S", &format!("from={SENDER}"), "-s", subject, to]);
    outcome(command, TEXT)
}

fn neomutt(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    let user = if way.login.is_empty() { String::new() } else { format!("{}@", in_url(way.login)) };
    let text = format!(
        "set smtp_url = \"{}://{user}{HOST}:{}\"\nset smtp_pass = \"{}\"\nset from = {SENDER}\nset copy = no\n{}",
        way.either("smtps", "smtp"),
        way.port,
        way.password,
        neomutt_tls(site)
    );
    let mut command = site.command("neomutt");
    command.args(["-n", "-F", &site.write("muttrc", &text), "-s", subject, "--", to]);
    outcome(command, TEXT)
}

/// How neomutt is told whom to trust.
pub(super) fn neomutt_tls(site: &Site) -> String {
    format!(
        "set ssl_force_tls = yes\nset ssl_starttls = yes\nset certificate_file = {0}\n\
         set ssl_ca_certificates_file = {0}\n",
        site.certificate()
    )
}

fn smtplib(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    by_library(site.library("send.py"), way, to, subject)
}

fn nodemailer(site: &Site, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    by_library(site.library("node/send.js"), way, to, subject)
}

fn by_library(mut command: Command, way: Way<'_>, to: &str, subject: &str) -> Result<String, String> {
    command.args([way.either("implicit", "starttls"), &way.port.to_string(), way.login, way.password]);
    command.args([SENDER, to, subject]);
    outcome(command, TEXT)
}

fn message(to: &str, subject: &str) -> String {
    format!(
        "From: {SENDER}\nTo: {to}\nSubject: {subject}\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{TEXT}"
    )
}

/// That, as part of a URL (RFC 3986 section 2.3).
pub(super) fn in_url(text: &str) -> String {
    let octet = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(octet).collect()
}
