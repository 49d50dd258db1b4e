//! The private key is nowhere in a reader's memory, under load. The same scan finds it in `keys`. Needs root, to read other
//! processes' memory; an ordinary user may not read even that of its own roles, which is tested instead.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;

use bulkhead_tests::mail::{curl, swaks};
use bulkhead_tests::suite::{Options, Suite, User, is_root, text_of};

/// Every form in which the key could lie about.
fn forms(key_file: &std::path::Path) -> Vec<(&'static str, Vec<u8>)> {
    let openssl = |arguments: &[&str]| {
        let output =
            Command::new("openssl").args(arguments).arg("-in").arg(key_file).output().expect("openssl runs");
        assert!(output.status.success(), "{}", text_of(&output));
        output.stdout
    };
    let pkcs8 = openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"]);
    let sec1 = openssl(&["ec", "-outform", "DER"]);
    // SEC 1: SEQUENCE, version 1, OCTET STRING of 32 bytes
    let at = sec1.windows(2).position(|pair| pair == [4, 32]).expect("the scalar") + 2;
    let scalar = sec1[at..at + 32].to_vec();
    let multiplied = montgomery(&scalar);
    let reversed: Vec<u8> = scalar.iter().rev().copied().collect();
    let pem = std::fs::read_to_string(key_file).expect("the key");
    let base64 = pem.lines().nth(1).expect("a line of base64").as_bytes().to_vec();
    vec![
        ("PKCS#8", pkcs8),
        ("SEC 1", sec1),
        ("scalar", scalar),
        ("scalar reversed", reversed),
        ("PEM", base64),
        ("Montgomery", multiplied),
    ]
}

/// The scalar as a library that computes with it keeps it: times 2^256 modulo the order of P-256, little-endian.
fn montgomery(scalar: &[u8]) -> Vec<u8> {
    let program = "import sys\nn = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551\n\
                   d = int(sys.argv[1], 16)\nsys.stdout.buffer.write((d * 2**256 % n).to_bytes(32, 'little'))";
    let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = Command::new("python3").args(["-c", program, &hex]).output().expect("python3 runs");
    assert_eq!(output.stdout.len(), 32, "{}", text_of(&output));
    output.stdout
}

/// Which forms are in a process's memory.
fn scan(pid: u32, forms: &[(&'static str, Vec<u8>)]) -> Vec<&'static str> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("its maps");
    let memory = File::open(format!("/proc/{pid}/mem")).expect("its memory");
    let (mut found, mut scanned) = (Vec::new(), 0_usize);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Some((start, end)) = range.split_once('-') else { continue };
        let bound = |text| u64::from_str_radix(text, 16).expect("an address");
        if !access.starts_with('r') || line.contains("[v") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(bound(end) - bound(start)).expect("a size")];
        let Ok(got) = memory.read_at(&mut bytes, bound(start)) else { continue };
        scanned += got;
        bytes.truncate(got);
        for (name, form) in forms {
            if bytes.windows(form.len()).any(|window| window == form.as_slice()) {
                found.push(*name);
            }
        }
    }
    assert!(scanned > 1_000_000, "only {scanned} bytes of {pid} could be read");
    found
}

fn with_own_key() -> (Suite, std::path::PathBuf) {
    let mut suite = Suite::prepare(User::here()[0], Options::default());
    let (key, certificate) =
        (suite.directory.path().join("key.pem"), suite.directory.path().join("cert.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-subj", "/CN=mail.example.org", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", text_of(&output));
    let config = std::fs::read_to_string(suite.config()).expect("the configuration");
    let tls = format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate.display(), key.display());
    std::fs::write(suite.config(), config + &tls).expect("written");
    suite.run();
    (suite, key)
}

#[test]
fn no_reader_ever_holds_the_key() {
    let (suite, key) = with_own_key();
    suite.import(&[("anna@example.org", "correct horse")]);
    if !is_root() {
        let refused = File::open(format!("/proc/{}/mem", suite.pids("keys")[0]));
        assert!(refused.is_err(), "an ordinary user reads the memory of keys");
        return;
    }
    let forms = forms(&key);
    thread::scope(|scope| {
        let load = || {
            for _ in 0..25 {
                let read = curl(&suite, "anna@example.org:correct horse", "", Some("NOOP"));
                assert!(read.status.success(), "{}", text_of(&read));
                let sent = swaks(&suite, "anna@example.org", "Subject: load\n\nload\n");
                assert!(sent.status.success(), "{}", text_of(&sent));
            }
        };
        let busy = scope.spawn(load);
        let mut rounds = 0;
        while !busy.is_finished() || rounds == 0 {
            for role in ["mx", "imap", "pop3", "submission", "lmtp", "auth", "store"] {
                for pid in suite.pids(role) {
                    assert_eq!(scan(pid, &forms), Vec::<&str>::new(), "{role} holds the key");
                }
            }
            assert_eq!(scan(suite.master_pid(), &forms), Vec::<&str>::new(), "the master holds the key");
            rounds += 1;
        }
    });
    let control = scan(suite.pids("keys")[0], &forms);
    assert!(!control.is_empty(), "the scan does not find the key even in keys: it proves nothing");
}
