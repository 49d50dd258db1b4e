//! Addresses to listen on.

use std::net::{IpAddr, SocketAddr};

/// Reads an IP address with a port.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(super) fn socket(text: &str, port: u16) -> Result<SocketAddr, (String, String)> {
    text.parse().map_err(|_| (format!("`{text}` is no address with a port"), hint(text, port)))
}

fn hint(text: &str, port: u16) -> String {
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return format!("with a port it is \"{}\"", SocketAddr::new(address, port));
    }
    if let Ok(port) = text.trim_start_matches(['*', ':']).parse::<u16>() {
        return format!("every IPv4 address is \"0.0.0.0:{port}\", every IPv6 address \"[::]:{port}\"");
    }
    if let Some((name, port)) = text.rsplit_once(':')
        && name.chars().any(|c| c.is_ascii_alphabetic())
        && port.parse::<u16>().is_ok()
        && !name.contains(':')
    {
        return format!("it has to be a number, not a name: \"127.0.0.1:{port}\"");
    }
    format!("write it as \"192.0.2.1:{port}\" or \"[2001:db8::1]:{port}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_say_what_to_write() {
        for (text, expected) in [
            ("25", "\"0.0.0.0:25\""),
            ("*:25", "\"0.0.0.0:25\""),
            ("127.0.0.1", "\"127.0.0.1:25\""),
            ("::1", "\"[::1]:25\""),
            ("[::1]", "\"[::1]:25\""),
            ("localhost:25", "not a name: \"127.0.0.1:25\""),
            ("127.0.0.1:99999", "\"192.0.2.1:25\""),
        ] {
            let (_, hint) = socket(text, 25).unwrap_err();
            assert!(hint.contains(expected), "{text}: {hint}");
        }
        assert!(socket("[::1]:25", 25).is_ok() && socket("127.0.0.1:0", 25).is_ok());
    }
}
