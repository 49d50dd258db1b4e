use proptest::prelude::*;

use super::*;

fn proxied(source: &str, destination: &str) -> Header {
    Header::Proxied { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [v2::SIGNATURE, &[command, family], &length, rest].concat()
}

/// As [`receive`] does it.
fn fed(bytes: &[u8]) -> Result<(Header, usize), ProxyError> {
    let mut have = 0;
    loop {
        match parse(&bytes[..have])? {
            Progress::Done(header) => return Ok((header, have)),
            Progress::More(count) => {
                assert!(count > 0);
                have += count;
                if have > bytes.len() {
                    return Err(ProxyError::Late);
                }
            }
        }
    }
}

#[test]
fn both_versions() {
    let four = [192, 0, 2, 1, 198, 51, 100, 2, 0x12, 0x34, 0, 25];
    let mut six = [0; 36];
    (six[15], six[31], six[33], six[35]) = (1, 2, 7, 143);
    let tlv = [0x04, 0, 3, 0, 0, 0];
    for (bytes, expected) in [
        (
            b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 25\r\n".to_vec(),
            proxied("192.0.2.1:4660", "198.51.100.2:25"),
        ),
        (b"PROXY TCP6 ::1 ::2 7 143\r\n".to_vec(), proxied("[::1]:7", "[::2]:143")),
        (b"PROXY UNKNOWN\r\n".to_vec(), Header::Local),
        (b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n".to_vec(), Header::Local),
        (v2(0x21, 0x11, &four), proxied("192.0.2.1:4660", "198.51.100.2:25")),
        (v2(0x21, 0x11, &[&four[..], &tlv].concat()), proxied("192.0.2.1:4660", "198.51.100.2:25")),
        (v2(0x21, 0x21, &six), proxied("[::1]:7", "[::2]:143")),
        (v2(0x21, 0x00, &[]), Header::Local),
        (v2(0x21, 0x31, &[0; 216]), Header::Local),
        (v2(0x20, 0x00, &[]), Header::Local),
        (v2(0x20, 0x11, &four), Header::Local),
    ] {
        let behind = [&bytes[..], b"\r\nEHLO example.org\r\n"].concat();
        let (header, length) = fed(&behind).unwrap_or_else(|why| panic!("{bytes:?}: {why}"));
        assert_eq!((header, length), (expected, bytes.len()), "{bytes:?}");
    }
}

#[test]
fn what_is_none() {
    let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 200], b"\r\n"].concat();
    for bytes in [
        &b"EHLO example.org\r\n"[..],
        b"PROXX UNKNOWN\r\n....",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n......",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 ::1 ::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY \r\nMAIL FROM:<a@b>\r\n",
        b"PROXY TCP4 192.0.2.\xff 192.0.2.2 1 2\r\n",
        &long,
        &v2(0x22, 0x11, &[0; 12]),
        &v2(0x11, 0x11, &[0; 12]),
        &v2(0x21, 0x11, &[0; 11]),
        &v2(0x21, 0x21, &[0; 35]),
        &v2(0x21, 0x12, &[0; 12]),
        &v2(0x21, 0x11, &[0; 5000]),
    ] {
        assert!(fed(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_line_has_107_bytes_at_most() {
    let of = |length: usize| [&b"PROXY UNKNOWN "[..], &vec![b'x'; length - 16], b"\r\n"].concat();
    assert!(matches!(fed(&of(107)), Ok((Header::Local, 107))));
    assert!(matches!(fed(&of(108)), Err(ProxyError::TooLong)));
}

proptest! {
    /// Whatever comes, it ends, asks for a bounded number of bytes, and never for one behind the header.
    #[test]
    fn any_bytes(start in prop_oneof![Just(vec![]), Just(b"PROXY ".to_vec()), Just(b"PROXY TCP4 ".to_vec()),
        Just(v2::SIGNATURE.to_vec()), Just([v2::SIGNATURE, &[0x21, 0x11, 0]].concat())],
        rest in proptest::collection::vec(any::<u8>(), 0..6000)) {
        let bytes = [start, rest].concat();
        if let Ok((_, length)) = fed(&bytes) {
            prop_assert!(length <= budget::PROXY_V2);
            prop_assert!(matches!(parse(&bytes[..length]), Ok(Progress::Done(_))));
            prop_assert!(matches!(parse(&bytes[..length - 1]), Ok(Progress::More(1))));
        }
    }

    #[test]
    fn any_addresses(source: SocketAddr, port: u16) {
        let destination = SocketAddr::new(source.ip(), port);
        let (family, ip) = match source.ip() {
            std::net::IpAddr::V4(four) => ("TCP4", four.octets().to_vec()),
            std::net::IpAddr::V6(six) => ("TCP6", six.octets().to_vec()),
        };
        let expected = Header::Proxied { source: SocketAddr::new(source.ip(), source.port()), destination };
        let line = format!("PROXY {family} {} {} {} {port}\r\n", source.ip(), source.ip(), source.port());
        prop_assert_eq!(fed(line.as_bytes()).unwrap(), (expected, line.len()));
        let rest = [&ip[..], &ip, &source.port().to_be_bytes(), &port.to_be_bytes()].concat();
        let bytes = v2(0x21, if ip.len() == 4 { 0x11 } else { 0x21 }, &rest);
        prop_assert_eq!(fed(&bytes).unwrap(), (expected, bytes.len()));
    }
}
