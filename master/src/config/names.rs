//! Names of hosts and domains.

/// A host or domain name in lower case (RFC 1123 section 2.1), in its ASCII form.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn domain(text: &str) -> Result<String, (String, String)> {
    let name = text.trim_end_matches('.').to_ascii_lowercase();
    let bad = |why: &str, hint: &str| Err((format!("`{text}` is no domain name: {why}"), hint.to_owned()));
    if name.is_empty() {
        return bad("it is empty", "write one such as \"example.org\"");
    }
    if text.contains('@') {
        return bad("it has an @", "the part behind the @ is the domain");
    }
    if !name.is_ascii() {
        return bad("it is not in ASCII", "write its A-labels (xn--…)");
    }
    if name.parse::<std::net::IpAddr>().is_ok() {
        return bad("it is an address", "write a name such as \"mail.example.org\"");
    }
    if name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return bad("a label has no or too many characters", "labels have 1 to 63 characters, all of it 253");
    }
    let fits = |label: &str| {
        label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !name.split('.').all(fits) {
        return bad("a label has another character", "labels are letters, digits, and hyphens within");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(domain("Mail.Example.ORG.").unwrap(), "mail.example.org");
        assert_eq!(domain("localhost").unwrap(), "localhost");
        let long = "a".repeat(64);
        for bad in ["", ".", "a..b", "-a.b", "a-.b", "a_b.c", "a b", "ü.de", "1.2.3.4", "::1", "x@y.z", &long]
        {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }
}
