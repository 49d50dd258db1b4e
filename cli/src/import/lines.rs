//! The lines of an import file.

use std::collections::HashMap;

use ipc::service::admin::{Credential, NewAccount};
use ipc::service::login::LOGIN_MAX;

use crate::password;

/// The accounts of a file, each with its line. Whether an address or a hash is right `auth` decides.
///
/// # Errors
/// The first line that is wrong, counted from 1, and why. A password is never in it.
pub(super) fn accounts(text: &[u8]) -> Result<Vec<(usize, NewAccount)>, (usize, String)> {
    let mut accounts = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let number = index.saturating_add(1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() || line.starts_with(b"#") {
            continue;
        }
        let account = account(line).map_err(|why| (number, why))?;
        if let Some(before) = seen.insert(account.address.to_lowercase(), number) {
            return Err((number, format!("the address is on line {before}, too")));
        }
        accounts.push((number, account));
    }
    Ok(accounts)
}

fn account(line: &[u8]) -> Result<NewAccount, String> {
    let mut halves = line.splitn(2, |byte| *byte == b':');
    let address = halves.next().unwrap_or_default().trim_ascii();
    let secret = halves.next().ok_or("it is not address:password")?;
    let address = std::str::from_utf8(address).map_err(|_| "the address is not in UTF-8")?;
    if address.is_empty() || !address.contains('@') {
        return Err("the address has no @".into());
    }
    if address.len() > LOGIN_MAX {
        return Err(format!("the address has more than {LOGIN_MAX} bytes"));
    }
    Ok(NewAccount { address: address.to_owned(), credential: credential(secret)? })
}

fn credential(secret: &[u8]) -> Result<Credential, String> {
    let (scheme, rest) = scheme(secret);
    match scheme {
        None if secret.starts_with(b"$argon2id$") => hash(secret),
        None => password::checked(secret).map(Credential::Password),
        Some(b"PLAIN") => password::checked(rest).map(Credential::Password),
        Some(b"ARGON2ID") => hash(rest),
        Some(other) => Err(format!(
            "there is no scheme {{{}}}; there are {{ARGON2ID}} and {{PLAIN}}",
            String::from_utf8_lossy(other)
        )),
    }
}

/// A scheme in braces in front, if there is one.
fn scheme(secret: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let of_scheme = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-._".contains(byte);
    let Some(inner) = secret.strip_prefix(b"{") else { return (None, secret) };
    let Some(end) = inner.iter().position(|byte| *byte == b'}') else { return (None, secret) };
    match inner.split_at_checked(end) {
        Some((name, rest)) if !name.is_empty() && name.iter().all(of_scheme) => {
            (Some(name), rest.strip_prefix(b"}").unwrap_or(rest))
        }
        _ => (None, secret),
    }
}

fn hash(text: &[u8]) -> Result<Credential, String> {
    let hash = std::str::from_utf8(text).map_err(|_| "the hash is not in ASCII")?.trim_end();
    if !hash.starts_with("$argon2id$") {
        return Err("the hash does not begin with $argon2id$".into());
    }
    Ok(Credential::Hash(hash.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(line: &str) -> Result<String, String> {
        match account(line.as_bytes())?.credential {
            Credential::Password(password) => {
                Ok(format!("password {}", String::from_utf8_lossy(&password.0)))
            }
            Credential::Hash(hash) => Ok(format!("hash {hash}")),
        }
    }

    #[test]
    fn passwords_and_hashes() {
        for (line, expected) in [
            ("a@b:secret", "password secret"),
            ("a@b:with:colon ", "password with:colon "),
            ("a@b:$argon2id$v=19$x", "hash $argon2id$v=19$x"),
            ("a@b:{ARGON2ID}$argon2id$v=19$x ", "hash $argon2id$v=19$x"),
            ("a@b:{PLAIN}{ARGON2ID}", "password {ARGON2ID}"),
            ("a@b:{curly} words", "password {curly} words"),
            ("a@b:{", "password {"),
        ] {
            assert_eq!(secret(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn wrong_lines_are_named_and_passwords_are_not() {
        for (text, line, why) in [
            ("a@b:x\n\n# c\nhunter2\n", 4, "address:password"),
            ("hunter2:x", 1, "no @"),
            ("a@b:", 1, "empty"),
            ("a@b:{SHA512-CRYPT}hunter2", 1, "no scheme {SHA512-CRYPT}"),
            ("a@b:{ARGON2ID}hunter2", 1, "$argon2id$"),
            ("a@b:x\nc@d:y\r\nA@b:hunter2", 3, "line 1"),
        ] {
            let (number, said) = accounts(text.as_bytes()).unwrap_err();
            assert_eq!(number, line, "{text}");
            assert!(said.contains(why) && !said.contains("hunter2"), "{text}: {said}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let accounts = accounts(b"# head\n\na@b:1\r\n \nc@d:2").unwrap();
        let lines: Vec<_> =
            accounts.iter().map(|(line, account)| (*line, account.address.as_str())).collect();
        assert_eq!(lines, [(3, "a@b"), (5, "c@d")]);
        assert!(super::accounts(b"").unwrap().is_empty());
    }
}
