//! Passwords: asked for on the terminal, or read from standard input; never an argument.

use std::io::{self, BufRead, Read as _};

use ipc::exit::{Exit, Failure};
use ipc::mail::Password;
use ipc::service::login::PASSWORD_MAX;
use zeroize::Zeroizing;

use crate::command::FromStdin;

/// A new password.
///
/// # Errors
/// There is none, it is too long, or the two that were typed differ.
pub(crate) fn new(from: FromStdin) -> Result<Password, Failure> {
    if from.stdin { line(&mut io::stdin().lock()) } else { asked_twice() }
}

/// A password that somebody has already, elsewhere.
///
/// # Errors
/// There is none, or it is too long.
pub(crate) fn existing(prompt: &str, from: FromStdin) -> Result<Password, Failure> {
    if from.stdin {
        return line(&mut io::stdin().lock());
    }
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        let why = format!("no terminal to ask for the password ({error}); use --password-stdin");
        Failure::new(Exit::IoError, why)
    })?;
    checked(typed.as_bytes()).map_err(|why| Failure::new(Exit::DataError, why))
}

/// Checks a password's length.
///
/// # Errors
/// It is empty or too long.
pub(crate) fn checked(bytes: &[u8]) -> Result<Password, String> {
    match bytes.len() {
        0 => Err("the password is empty".into()),
        length if length > PASSWORD_MAX => Err(format!("the password has more than {PASSWORD_MAX} bytes")),
        _ => Ok(Password(bytes.to_vec())),
    }
}

fn line(input: &mut impl BufRead) -> Result<Password, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_MAX.saturating_add(2)));
    // two more for the end of the line
    let most = u64::try_from(PASSWORD_MAX).unwrap_or(u64::MAX).saturating_add(2);
    input
        .take(most)
        .read_until(b'\n', &mut line)
        .map_err(|error| Failure::new(Exit::IoError, format!("standard input: {error}")))?;
    let bytes = line.strip_suffix(b"\n").unwrap_or(&line);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    checked(bytes).map_err(|why| Failure::new(Exit::DataError, why))
}

fn asked_twice() -> Result<Password, Failure> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
            Failure::new(Exit::IoError, format!("no terminal to ask for the password ({error}); use --stdin"))
        })
    };
    let first = ask("New password: ")?;
    let second = ask("The same again: ")?;
    if first != second {
        return Err(Failure::new(Exit::DataError, "the two passwords differ"));
    }
    checked(first.as_bytes()).map_err(|why| Failure::new(Exit::DataError, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_password() {
        for (input, expected) in [
            (&b"secret\n"[..], Some(&b"secret"[..])),
            (b"secret", Some(b"secret")),
            (b"two words \r\nmore\n", Some(b"two words ")),
            (b"\n", None),
            (b"", None),
        ] {
            assert_eq!(line(&mut &*input).ok(), expected.map(|bytes| Password(bytes.to_vec())), "{input:?}");
        }
        assert!(line(&mut &*vec![b'x'; PASSWORD_MAX]).is_ok());
        assert!(line(&mut &*vec![b'x'; PASSWORD_MAX + 1]).is_err());
        assert!(line(&mut &*vec![b'x'; PASSWORD_MAX * 100]).is_err());
    }
}
