use super::*;

struct Read {
    message: Vec<u8>,
    consumed: usize,
    ended: bool,
    fault: Option<Fault>,
}

fn read(input: &[u8], chunk: usize, limit: u64) -> Read {
    let (mut unstuffer, mut message, mut consumed) = (Unstuffer::new(limit), Vec::new(), 0);
    for part in input.chunks(chunk) {
        consumed += unstuffer.push(part, &mut message);
    }
    Read { message, consumed, ended: unstuffer.ended(), fault: unstuffer.fault() }
}

#[test]
fn dots_go_and_the_end_is_found() {
    for chunk in 1..20 {
        for (wire, message) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"...a\r\n..b.\r\n.\r\n", b"..a\r\n.b.\r\n"),
            (b".a\r\na.\r\n.\r\n", b"a\r\na.\r\n"),
            (b"\r\n\r\n.\r\n", b"\r\n\r\n"),
        ] {
            let input = [wire, b"QUIT\r\n"].concat();
            let read = read(&input, chunk, 1000);
            assert_eq!(read.message, message);
            assert_eq!((read.consumed, read.ended, read.fault), (wire.len(), true, None), "{wire:?}");
        }
    }
}

#[test]
fn nothing_else_is_an_end() {
    for wire in [
        &b"a\n.\n"[..],
        b"a\n.\r\n",
        b"a\r\n.\n",
        b"a\r.\r\n",
        b"a\r.\r",
        b"a\r\n.\r",
        b"a\r\n.\r\r\n",
        b"a\r\n\0.\r\n",
        b"a\r\n.\0\r\n",
        b"a\0\r\n.\n",
        b"a\r\r\n.\r",
        b"a\n\r.\r\n",
        b"a\r\n.\rQ\n",
        b"a.\r\n",
        b"a\r\n .\r\n",
        b"a\r\n.\n\r\n",
        b"\n.\r\n",
        b"\r.\r\n",
        b".\n",
        b".\r.\r\n",
        b"a\r\n..\r\n",
        b"a\r\n.\x0b\r\n",
        b"\x85.\x85",
    ] {
        for chunk in 1..8 {
            assert!(!read(wire, chunk, 1000).ended, "{wire:?}");
            let (start, end) = (wire, b"\r\n\r\n.\r\n");
            let whole = [start, &end[..]].concat();
            let read = read(&whole, chunk, 1000);
            assert!(read.ended && read.consumed == whole.len(), "{wire:?}");
        }
    }
}

#[test]
fn faults_are_named() {
    for (wire, fault) in [
        (&b"a\nb\r\n.\r\n"[..], Fault::BareLineEnd),
        (b"a\rb\r\n.\r\n", Fault::BareLineEnd),
        (b".\n\r\n.\r\n", Fault::BareLineEnd),
        (b"a\r\r\n.\r\n", Fault::BareLineEnd),
        (b"a\0\n\r\n.\r\n", Fault::Nul),
        (b"a\n\0\r\n.\r\n", Fault::BareLineEnd),
        (b"123456789\r\n.\r\n", Fault::TooLarge),
    ] {
        for chunk in 1..12 {
            let read = read(wire, chunk, 10);
            assert_eq!((read.ended, read.fault), (true, Some(fault)), "{wire:?}");
        }
    }
}

#[test]
fn the_limit_is_exact_and_counts_no_dots() {
    assert_eq!(read(b"..2345678\r\n.\r\n", 3, 10).fault, None);
    assert_eq!(read(b"..23456789\r\n.\r\n", 3, 10).fault, Some(Fault::TooLarge));
}
