//! Good and bad files, with the exact words and places.

use std::path::Path;

use ipc::role::{Layer, Layers, Role};
use ipc::slice::{Networks, RoleConfig};

use super::*;

const LEAST: &str = "hostname = \"mail.example.org\"\ndomain = \"example.org\"\n";

fn good(text: &str) -> Config {
    parse(Path::new("t.toml"), text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn bad(text: &str) -> Vec<String> {
    let errors = parse(Path::new("t.toml"), text).expect_err("a mistake");
    errors.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn a_hostname_and_a_domain_are_enough() {
    let config = good(LEAST);
    assert_eq!(config.state_dir, Path::new("/var/lib/bulkhead"));
    assert_eq!(config.run_dir, Path::new("/run/bulkhead"));
    assert_eq!((config.ids, config.waived), (IdSource::Users, Layers::NONE));
    let listen: Vec<_> = config.mx.door.listen.iter().map(|a| (a.socket.to_string(), a.origin)).collect();
    assert_eq!(listen, [("0.0.0.0:25".into(), Origin::Default), ("[::]:25".into(), Origin::Default)]);
    assert_eq!(config.imap.door.listen_tls.len(), 2);
    assert_eq!(config.max_message_size, 50 << 20);
    assert!(config.workers(Role::Mx) >= 1 && config.workers(Role::Store) == 1);
}

#[test]
fn imap_without_tls_at_first_is_there_unless_only_the_other_is_written() {
    let ports = |more: &str| -> Vec<(u16, bool)> {
        let config = good(&format!("{LEAST}{more}"));
        let listeners = config.listeners(Role::Imap).into_iter();
        listeners.flat_map(|(all, tls)| all.iter().map(move |a| (a.socket.port(), tls))).collect()
    };
    let every = [(143, false), (143, false), (993, true), (993, true)];
    assert_eq!(ports(""), every);
    assert_eq!(ports("[imap]\nworkers = 1\n"), every);
    assert_eq!(ports("[imap]\nlisten_tls = [\"127.0.0.1:9993\"]\n"), [(9993, true)]);
    assert_eq!(ports("[imap]\nlisten = [\"127.0.0.1:1143\"]\nlisten_tls = []\n"), [(1143, false)]);
    assert_eq!(ports("[imap]\nlisten = []\n"), [(993, true), (993, true)]);
}

#[test]
fn pop3_is_there_if_its_section_is() {
    let ports = |config: &Config| -> Vec<(u16, bool)> {
        let listeners = config.listeners(Role::Pop3).into_iter();
        listeners.flat_map(|(all, tls)| all.iter().map(move |a| (a.socket.port(), tls))).collect()
    };
    assert_eq!(ports(&good(LEAST)), []);
    let config = good(&format!("{LEAST}[pop3]\n"));
    assert_eq!(ports(&config), [(110, false), (110, false), (995, true), (995, true)]);
    assert_eq!(config.pop3.idle_minutes, 10);
}

#[test]
fn submission_and_lmtp_are_there_if_their_sections_are() {
    let config = good(LEAST);
    assert!(!config.has(Role::Submission) && !config.has(Role::Lmtp) && config.has(Role::Auth));
    let config = good(&format!("{LEAST}run_dir = \"/r\"\n[submission]\n[lmtp]\n"));
    let ports: Vec<(u16, bool)> = config
        .listeners(Role::Submission)
        .into_iter()
        .flat_map(|(all, tls)| all.iter().map(move |a| (a.socket.port(), tls)))
        .collect();
    assert_eq!(ports, [(587, false), (587, false), (465, true), (465, true)]);
    assert!(config.lmtp.door.listen.is_empty() && config.has(Role::Lmtp));
    let unix = UnixSocket { path: "/r/lmtp.sock".into(), mode: 0o660, group: None };
    assert_eq!(config.unix_socket(Role::Lmtp), Some(&unix));
    let config = good(&format!("{LEAST}[lmtp]\nlisten = []\nlisten_unix = \"\"\n"));
    assert!(!config.has(Role::Lmtp));
}

#[test]
fn mistakes_in_lmtp_have_a_place_and_a_hint() {
    let long = format!("/{}", "x".repeat(107));
    for (more, expected) in [
        (
            "listen_unix = \"run\"",
            "5:15: `run` is no absolute path; begin it with a /, or write \"\" for none",
        ),
        ("unix_mode = \"0888\"", "5:13: `0888` is no mode; write three octal digits: \"0660\""),
        ("unix_mode = \"1777\"", "5:13: `1777` is no mode; write three octal digits: \"0660\""),
        (
            &format!("listen_unix = \"{long}\""),
            &format!("5:15: `{long}` is too long for a socket; it has 107 bytes at most"),
        ),
    ] {
        assert_eq!(bad(&format!("{LEAST}\n[lmtp]\n{more}\n")), [format!("t.toml:{expected}")], "{more}");
    }
}

#[test]
fn what_is_written_reaches_the_slices() {
    let config = good(&format!(
        "{LEAST}waive = [\"uid\", \"landlock\"]\nuid_base = 70000\n[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n[mx]\n\
         listen = [\"127.0.0.1:2525\", \"[::1]:2525\"]\nworkers = 3\nmax_message_size = \"1 MiB\"\n\
         max_recipients = 200\nmax_connections = 9\nmax_connections_per_address = 4\n[imap]\nlisten_tls = []\n\
         workers = 2\nidle_minutes = 31\nmax_connections = 8\nmax_connections_per_address = 3\n[pop3]\n\
         listen = []\nlisten_tls = [\"127.0.0.1:9995\"]\nworkers = 4\nidle_minutes = 11\nmax_connections = 7\n\
         max_connections_per_address = 2\n[submission]\nlisten = [\"127.0.0.1:5870\"]\nlisten_tls = []\nworkers = 5\n\
         max_recipients = 300\nmax_recipients_per_hour = 77\nmax_connections = 6\nmax_connections_per_address = 1\n[lmtp]\n\
         listen = [\"127.0.0.1:24\"]\nlisten_unix = \"/l\"\nunix_mode = \"0600\"\nunix_group = \"mail\"\nworkers = 6\n\
         max_recipients = 400\nmax_connections = 5\nmax_connections_per_address = 5\n[store]\nupload_memory = 2097152\n[limits]\n\
         block_after = 7\nblock_minutes = 2\nnever_block = [\"10.0.0.0/8\"]\n"
    ));
    assert_eq!(config.waived, Layers::NONE.with(Layer::Uid).with(Layer::Landlock));
    assert_eq!(config.ids, IdSource::Base(70000));
    assert_eq!((config.workers(Role::Mx), config.workers(Role::Imap), config.workers(Role::Pop3)), (3, 2, 4));
    assert!(config.listeners(Role::Imap).iter().all(|(addresses, _)| addresses.is_empty()));
    assert!(config.pop3.door.listen.is_empty() && config.pop3.door.listen_tls.len() == 1);
    assert_eq!((config.workers(Role::Submission), config.workers(Role::Lmtp)), (5, 6));
    let unix = UnixSocket { path: "/l".into(), mode: 0o600, group: Some("mail".into()) };
    assert_eq!((config.lmtp.door.listen.len(), config.unix_socket(Role::Lmtp)), (1, Some(&unix)));
    for role in Role::STARTED {
        let slice = config.slice(role).unwrap();
        assert_eq!(slice.role(), role);
        match slice {
            RoleConfig::Mx(mx) => {
                assert_eq!((mx.max_message_size, mx.max_recipients), (1 << 20, 200));
                assert_eq!((mx.limits.connections, mx.limits.connections_per_address), (9, 4));
            }
            RoleConfig::Imap(imap) => {
                assert_eq!((imap.max_message_size, imap.idle_minutes), (1 << 20, 31));
                assert_eq!((imap.limits.connections, imap.limits.connections_per_address), (8, 3));
            }
            RoleConfig::Pop3(pop3) => {
                assert_eq!(pop3.idle_minutes, 11);
                assert_eq!((pop3.limits.connections, pop3.limits.connections_per_address), (7, 2));
            }
            RoleConfig::Submission(submission) => {
                assert_eq!((submission.max_message_size, submission.max_recipients), (1 << 20, 300));
                let limits = submission.limits;
                assert_eq!((limits.connections, limits.connections_per_address), (6, 1));
            }
            RoleConfig::Lmtp(lmtp) => {
                assert_eq!((lmtp.max_message_size, lmtp.max_recipients), (1 << 20, 400));
                assert_eq!((lmtp.limits.connections, lmtp.limits.connections_per_address), (5, 5));
            }
            RoleConfig::Keys(keys) => assert_eq!(keys.certificates, [("/c".to_owned(), "/k".to_owned())]),
            RoleConfig::Auth(auth) => {
                assert_eq!(auth.domain, "example.org");
                assert_eq!((auth.blocks.after, auth.blocks.seconds), (7, 120));
                assert_eq!(auth.never_block, Networks::new(&["10.0.0.0/8".parse().unwrap()]).unwrap());
            }
            RoleConfig::Store(store) => {
                assert_eq!((store.upload_memory, store.recipients_per_hour), (2 << 20, 77));
            }
        }
    }
    assert!(config.slice(Role::Master).is_none());
}

#[test]
fn certificates_come_in_their_order_and_in_pairs() {
    let tls = "[tls]\ncertificate = \"/c\"\nkey = \"/k\"\n";
    let more = "[[tls.certificates]]\ncertificate = \"/d\"\nkey = \"/l\"\n";
    let Some(RoleConfig::Keys(keys)) = good(&format!("{LEAST}{tls}{more}")).slice(Role::Keys) else {
        panic!("no slice")
    };
    let pair = |chain: &str, key: &str| (chain.to_owned(), key.to_owned());
    assert_eq!(keys.certificates, [pair("/c", "/k"), pair("/d", "/l")]);
    let config = RoleConfig::Keys(keys);
    assert_eq!(config.descriptors().len(), 4);
    for (more, expected) in [
        ("[[tls.certificates]]\nkey = \"/l\"\n", "7:7: `key` without `certificate`; "),
        ("[[tls.certificates]]\n", "6:1: [[tls.certificates]] without `certificate` and `key`; "),
        ("[[tls.certificates]]\ncert = \"/l\"\n", "7:1: unknown field `cert`"),
    ] {
        let said = bad(&format!("{LEAST}{tls}{more}"));
        assert!(said.len() == 1 && said[0].starts_with(&format!("t.toml:{expected}")), "{said:?}");
    }
    assert!(bad(&format!("{LEAST}{tls}{}", more.repeat(64)))[0].contains("65 certificates are too many"));
    assert_eq!(good(&format!("{LEAST}{tls}{}", more.repeat(63))).tls.len(), 64);
}

#[test]
fn who_may_connect_is_said_for_each_port() {
    let limits = |more: &str| match good(&format!("{LEAST}{more}")).slice(Role::Imap) {
        Some(RoleConfig::Imap(imap)) => imap.limits,
        other => panic!("{other:?}"),
    };
    let default = limits("");
    assert_eq!((default.connections_per_address, default.connections_per_network), (200, 800));
    assert_eq!((default.blocks.after, default.blocks.seconds), (20, 300));
    assert!(!default.proxies.contain([127, 0, 0, 1].into()));
    assert!(default.never_block.contain([127, 0, 0, 1].into()), "readers spare whom auth spares");
    let few = limits("[imap]\nmax_connections_per_address = 1500\n");
    assert_eq!(few.connections_per_network, 4000, "no more than in all");
    let written = limits(
        "[limits]\nblock_after = 0\nblock_minutes = 7\n[imap]\nmax_connections_per_network = 9\n\
         proxy_from = [\"10.0.0.0/8\", \"::1\"]\n",
    );
    assert_eq!((written.blocks.after, written.blocks.seconds), (0, 420));
    assert_eq!(written.connections_per_network, 9);
    assert!(written.proxies.contain([10, 9, 8, 7].into()) && !written.proxies.contain([11, 0, 0, 1].into()));
    for (more, expected) in [
        ("proxy_from = [\"proxy\"]", "4:15: `proxy` is no network: "),
        (
            "proxy_from = [\"10.0.0.1/8\"]",
            "4:15: `10.0.0.1/8` is no network: it has bits behind its prefix; ",
        ),
        ("max_connections_per_network = 0", "4:31: 0 is out of range; it is from 1 to 4000"),
    ] {
        let said = bad(&format!("{LEAST}[imap]\n{more}\n"));
        assert!(said[0].starts_with(&format!("t.toml:{expected}")), "{said:?}");
    }
    let many = format!("{LEAST}[mx]\nproxy_from = [{}]\n", "\"10.0.0.1\", ".repeat(33));
    assert!(bad(&many)[0].contains("33 networks are too many; there can be 32"));
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    for (more, expected) in [
        ("hostnam = \"x\"", "t.toml:3:1: there is no key `hostnam`; did you mean `hostname`?"),
        (
            "workers = 2",
            "t.toml:3:1: there is no key `workers`; it belongs in [mx] or [imap] or [pop3] or [submission] or [lmtp]",
        ),
        (
            "[mx]\ndomain = \"x\"",
            "t.toml:4:1: there is no key `domain` in [mx]; it belongs above the first [section]",
        ),
        (
            "[imap]\n listen-tls = [\"0.0.0.0:993\"]",
            "t.toml:4:2: there is no key `listen-tls` in [imap]; did you mean `listen_tls`?",
        ),
        (
            "[mx]\nlisten = [\"127.0.0.1:25\", \"25\"]",
            "t.toml:4:27: `25` is no address with a port; every IPv4 address is \"0.0.0.0:25\", every IPv6 address \
             \"[::]:25\"",
        ),
        (
            "[mx]\nmax_message_size = \"50 mb\"",
            "t.toml:4:20: `mb` is no unit of size; the units are B, KiB, MiB, GiB, kB, MB, GB",
        ),
        ("[mx]\nmax_message_size = 10", "t.toml:4:20: 10 B is out of range; it is from 64 KiB to 1 GiB"),
        ("[mx]\nworkers = 0", "t.toml:4:11: 0 is out of range; it is from 1 to 256"),
        ("run_dir = \"run\"", "t.toml:3:11: `run` is no absolute path; begin it with a /"),
        (
            "[tls]\nkey = \"/k\"",
            "t.toml:4:7: `key` without `certificate`; both are needed, or neither: without [tls] a certificate is \
             made",
        ),
        (
            "waive = [\"uid\", \"secomp\"]",
            "t.toml:3:17: there is no layer `secomp`; did you mean \"seccomp\"? the layers are uid, user-namespace, \
             net-namespace, ipc-uts-namespaces, root, capabilities, not-dumpable, no-new-privs, landlock, rlimits, \
             seccomp",
        ),
        ("uid_base = 0", "t.toml:3:12: 0 is out of range; it is from 1 to 2000000000"),
        (
            "[mx]\nlisten = [\"127.0.0.1:25\"]\n[imap]\nlisten_tls = [\"127.0.0.1:25\"]",
            "t.toml:6:15: `127.0.0.1:25` is there twice; leave one of them out",
        ),
        (
            "[store]\nupload_memory = \"1 MiB\"",
            "t.toml:4:17: 1 MiB is out of range; it is from 50 MiB to 1024 GiB",
        ),
    ] {
        assert_eq!(bad(&format!("{LEAST}{more}\n")), [expected], "{more}");
    }
}

#[test]
fn mistakes_of_form_have_a_place() {
    for (more, place) in [
        ("[mx]\nworkers = \"two\"", "t.toml:4:11: "),
        ("log = \"loud\"", "t.toml:3:7: "),
        ("uid_base = -1", "t.toml:3:12: "),
        ("[mx", "t.toml:3:4: "),
        ("mx = 3", "t.toml:3:6: "),
        ("domain = \"again.example\"", "t.toml:3:1: "),
        ("[mx]\nmax_message_size = true", "t.toml:4:20: expected a size"),
    ] {
        let said = bad(&format!("{LEAST}{more}\n"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(place), "{more}: {}", said[0]);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_eq!(
        bad(""),
        [
            "t.toml:1:1: `hostname` is missing; write hostname = \"mail.example.org\"",
            "t.toml:1:1: `domain` is missing; write domain = \"example.org\"",
        ]
    );
    let said = bad("hostname = \"ü\"\ndomain = \"1.2.3.4\"\n[mx]\nworkers = 0\n");
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn whatever_is_wrong_the_run_directory_is_found() {
    for text in [
        "run_dir = \"/x\"\n",
        "run_dir = \"/x\"\nno_such_key = 1\n[mx]\nworkers = 0\n",
        "run_dir = \"/x\"\nhostname = mail.example.org\n[mx\n",
    ] {
        assert_eq!(run_dir_of(text), Path::new("/x"), "{text}");
    }
    for text in ["", "run_dir = 3\n", "]["] {
        assert_eq!(run_dir_of(text), Path::new("/run/bulkhead"), "{text}");
    }
}

#[test]
fn a_file_that_others_may_change_is_not_for_root() {
    assert!(trusted(0, 0o100_644).is_ok() && trusted(0, 0o100_600).is_ok());
    for (owner, mode) in [(1000, 0o100_644), (0, 0o100_664), (0, 0o100_646)] {
        assert!(trusted(owner, mode).is_err(), "{owner} {mode:o}");
    }
}

#[test]
fn the_host_itself_is_never_blocked_where_nothing_is_written() {
    let never = |more: &str| match good(&format!("{LEAST}{more}")).slice(Role::Auth) {
        Some(RoleConfig::Auth(auth)) => auth.never_block,
        other => panic!("{other:?}"),
    };
    let usual = never("");
    for (address, expected) in [("127.0.0.2", true), ("::1", true), ("::2", false), ("192.0.2.1", false)] {
        assert_eq!(usual.contain(address.parse().unwrap()), expected);
    }
    assert_eq!(never("[limits]\nnever_block = []\n"), Networks::NONE);
    let many = vec!["\"192.0.2.1\""; ipc::budget::NETWORKS + 1].join(", ");
    let errors = bad(&format!("{LEAST}\n[limits]\nnever_block = [{many}]\n"));
    assert!(errors[0].ends_with("33 networks are too many; there can be 32"), "{errors:?}");
    let errors = bad(&format!("{LEAST}\n[limits]\nnever_block = [\"10.0.0.1/8\"]\n"));
    assert!(errors[0].contains("`10.0.0.1/8` is no network"), "{errors:?}");
}

/// The example names every key, and with its comment signs gone it is a good file.
#[test]
fn the_example_has_every_key() {
    let example = include_str!("../../../docs/bulkhead.toml.example");
    let uncommented: String = example
        .lines()
        .map(|line| line.strip_prefix("#").filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    for text in [example, &uncommented] {
        good(text);
    }
    let document = toml::de::DeTable::parse(&uncommented).unwrap();
    assert_eq!(keys::missing(document.get_ref()), Vec::<String>::new());
}
