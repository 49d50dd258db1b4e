//! What a sender wants to hear of its message, RFC 3461 section 4.

use ipc::service::submit::{ENVID_MAX, Notify, ORCPT_MAX, Return};

use super::Refusal;

/// `RET=FULL` or `RET=HDRS`, section 4.3.
pub(super) fn ret(value: &[u8]) -> Result<Return, Refusal> {
    match value.to_ascii_uppercase().as_slice() {
        b"FULL" => Ok(Return::Full),
        b"HDRS" => Ok(Return::Headers),
        _ => Err(Refusal::Parameter),
    }
}

/// `NOTIFY=NEVER`, or a list of `SUCCESS`, `FAILURE` and `DELAY`, section 4.1.
pub(super) fn notify(value: &[u8]) -> Result<Notify, Refusal> {
    let value = value.to_ascii_uppercase();
    if value == b"NEVER" {
        return Ok(Notify::NEVER);
    }
    value.split(|byte| *byte == b',').try_fold(Notify::NEVER, |all, one| {
        let one = match one {
            b"SUCCESS" => Notify::SUCCESS,
            b"FAILURE" => Notify::FAILURE,
            b"DELAY" => Notify::DELAY,
            _ => return Err(Refusal::Parameter),
        };
        Ok(all.with(one))
    })
}

/// `ENVID=` and what the sender calls the transaction, section 4.4.
pub(super) fn envid(value: &[u8]) -> Result<String, Refusal> {
    if value.len() > ENVID_MAX { Err(Refusal::Parameter) } else { xtext(value) }
}

/// `ORCPT=`, the kind of address, `;`, and the address, section 4.2.
pub(super) fn orcpt(value: &[u8]) -> Result<String, Refusal> {
    let mut parts = value.splitn(2, |byte| *byte == b';');
    let (Some(kind), Some(address)) = (parts.next(), parts.next()) else { return Err(Refusal::Parameter) };
    let is_atom = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    if value.len() > ORCPT_MAX || kind.is_empty() || !kind.iter().all(is_atom) {
        return Err(Refusal::Parameter);
    }
    let address = xtext(address)?;
    let kind = str::from_utf8(kind).map_err(|_| Refusal::Parameter)?;
    Ok(format!("{kind};{address}"))
}

/// `xtext`, section 4: printable ASCII in which `+` and two digits stand for what may not be there; kept as it is.
pub(super) fn xtext(value: &[u8]) -> Result<String, Refusal> {
    let mut rest = value.iter();
    while let Some(byte) = rest.next() {
        let right = match byte {
            b'+' => encoded(rest.next(), rest.next()).is_some_and(|byte| matches!(byte, b' '..=b'~')),
            b'=' => false,
            byte => byte.is_ascii_graphic(),
        };
        if !right {
            return Err(Refusal::Parameter);
        }
    }
    match str::from_utf8(value) {
        Ok(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Refusal::Parameter),
    }
}

fn encoded(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'A'..=b'F' => byte.checked_sub(b'A').and_then(|digit| digit.checked_add(10)),
        _ => None,
    };
    digit(high?)?.checked_mul(16)?.checked_add(digit(low?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        assert_eq!(ret(b"full"), Ok(Return::Full));
        assert_eq!(ret(b"HDRS"), Ok(Return::Headers));
        assert_eq!(notify(b"never"), Ok(Notify::NEVER));
        assert_eq!(notify(b"SUCCESS,delay"), Ok(Notify::SUCCESS.with(Notify::DELAY)));
        for bad in [&b""[..], b"NEVER,FAILURE", b"FAILURE,", b"x"] {
            assert_eq!(notify(bad), Err(Refusal::Parameter), "{bad:?}");
            assert_eq!(ret(bad), Err(Refusal::Parameter), "{bad:?}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(envid(b"QQ314159+2B1").as_deref(), Ok("QQ314159+2B1"));
        assert_eq!(orcpt(b"rfc822;ann+2Bx@b.example").as_deref(), Ok("rfc822;ann+2Bx@b.example"));
        for bad in
            [&b""[..], b"a+", b"a+2", b"a+2b", b"a+0D", b"a=b", b"a b", b"\xff", &[b'x'; ENVID_MAX + 1]]
        {
            assert_eq!(envid(bad), Err(Refusal::Parameter), "{bad:?}");
        }
        for bad in [&b"rfc822"[..], b";a@b", b"rfc 822;a", b"rfc822;", b"rfc822;a+zz"] {
            assert_eq!(orcpt(bad), Err(Refusal::Parameter), "{bad:?}");
        }
        assert!(orcpt(format!("x;{}", "y".repeat(ORCPT_MAX - 2)).as_bytes()).is_ok());
        assert!(orcpt(format!("x;{}", "y".repeat(ORCPT_MAX - 1)).as_bytes()).is_err());
    }
}
