//! An account at another server, as it is named on the command line.

use std::fmt;
use std::str::FromStr;

/// Who logs in, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Who; there may be an `@` in it.
    pub(crate) user: String,
    /// The host's name or address, in lower case.
    pub(crate) host: String,
    /// The port, if it is not the usual one.
    pub(crate) port: Option<u16>,
}

impl FromStr for Place {
    type Err = &'static str;

    /// Reads `USER@HOST[:PORT]`; the host may be an IPv6 address in brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, place) = text.rsplit_once('@').ok_or("there is no @ in it")?;
        let (host, port) = match place.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(inside) => {
                let (host, behind) = inside.ok_or("the bracket is not closed")?;
                match behind {
                    "" => (host, None),
                    _ => (host, Some(behind.strip_prefix(':').ok_or("behind the bracket is no :PORT")?)),
                }
            }
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map(|port| port.parse().ok().filter(|port| *port > 0).ok_or("the port is no number"));
        if user.is_empty() || host.is_empty() {
            return Err("it is USER@HOST or USER@HOST:PORT");
        }
        Ok(Place { user: user.to_owned(), host: host.to_lowercase(), port: port.transpose()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.user, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (text, user, host, port) in [
            ("anna@mail.example.org", "anna", "mail.example.org", None),
            ("anna@example.org@Mail.example.org:1993", "anna@example.org", "mail.example.org", Some(1993)),
            ("anna@[::1]", "anna", "::1", None),
            ("anna@[::1]:993", "anna", "::1", Some(993)),
        ] {
            let place = Place { user: user.into(), host: host.into(), port };
            assert_eq!(text.parse::<Place>(), Ok(place), "{text}");
        }
        for text in ["anna", "@host", "anna@", "a@h:", "a@h:0", "a@h:70000", "a@[::1", "a@[::1]993", "a@::1"]
        {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
