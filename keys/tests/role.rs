//! The program itself, with the test as its master.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ipc::channel::{Blocking, ChannelError};
use ipc::exit::Exit;
use ipc::frame::Frame;
use ipc::peers::Service;
use ipc::role::{Instance, Layers, Role};
use ipc::rpc::call_blocking;
use ipc::service::control::{Hello, LockdownOrder, Log, LogLevel, ToMaster, ToRole};
use ipc::service::handshake::{Handshake, HandshakeReply, HandshakeRequest};
use ipc::slice::{KeysConfig, RoleConfig};

struct Master {
    channel: Blocking<ToRole, ToMaster>,
    role: Child,
}

impl Master {
    /// Starts the program in a directory that is its own; without layers, which have tests of their own.
    fn start(own: &Path, files: Option<(&Path, &Path)>) -> Master {
        let (ours, theirs) = ipc::socket::pair().unwrap();
        let role = Command::new(env!("CARGO_BIN_EXE_bulkhead-keys"))
            .env_clear()
            .current_dir(own)
            .stdin(Stdio::from(theirs))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let channel = Blocking::new(ours);
        let name = |path: &Path| path.display().to_string();
        let config = RoleConfig::Keys(KeysConfig {
            hostname: "mail.example.org".into(),
            certificates: files.iter().map(|(certificate, key)| (name(certificate), name(key))).collect(),
        });
        let hello = Hello {
            instance: Instance { role: Role::Keys, worker: 0 },
            lockdown: LockdownOrder {
                apply: Layers::NONE,
                may_miss: Layers::NONE,
                ids: None,
                root: name(own),
                max_open_files: 100,
            },
            log: Log { journal: false, level: LogLevel::Info },
            config,
        };
        let opened: Vec<OwnedFd> = files
            .into_iter()
            .flat_map(|(c, k)| [c, k])
            .map(|path| File::open(path).unwrap().into())
            .collect();
        let descriptors: Vec<_> = opened.iter().map(AsFd::as_fd).collect();
        channel.send(&ToRole::Hello(Box::new(hello)), &descriptors).unwrap();
        let mut master = Master { channel, role };
        assert_eq!(master.next().unwrap(), ToMaster::Locked(Layers::NONE));
        master
    }

    fn next(&mut self) -> Result<ToMaster, ChannelError> {
        match self.channel.receive()? {
            Frame::Message(message, _) => Ok(message),
            chunk @ Frame::Chunk { .. } => panic!("{chunk:?}"),
        }
    }

    fn leaf(&mut self) -> Vec<u8> {
        let (reader, theirs) = ipc::socket::pair().unwrap();
        let peer = Instance { role: Role::Mx, worker: 3 };
        let message = ToRole::Peer { service: Service::Handshake, peer, serves: true };
        self.channel.send(&message, &[theirs.as_fd()]).unwrap();
        match call_blocking::<Handshake>(&reader, HandshakeRequest::Identity(0)).unwrap() {
            HandshakeReply::Identity(Some(identity)) => identity.chain[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    fn serve(&mut self) {
        self.channel.send(&ToRole::Serve, &[]).unwrap();
        assert_eq!(self.next().unwrap(), ToMaster::Ready);
    }

    fn drain(mut self) {
        self.channel.send(&ToRole::Drain { within: 1000 }, &[]).unwrap();
        assert_eq!(self.next().unwrap(), ToMaster::Drained);
        assert!(self.role.wait().unwrap().success());
    }
}

#[test]
fn it_makes_a_certificate_once() {
    let own = tempfile::tempdir().unwrap();
    let mut first = Master::start(own.path(), None);
    first.serve();
    let leaf = first.leaf();
    first.drain();
    let mut second = Master::start(own.path(), None);
    assert_eq!(second.leaf(), leaf);
    second.drain();
}

#[test]
fn it_serves_the_administrators_and_leaves_its_directory_alone() {
    let (own, etc) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (certificate, key) = (etc.path().join("c.pem"), etc.path().join("k.pem"));
    let made = rcgen::generate_simple_self_signed(["mail.example.org".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut master = Master::start(own.path(), Some((&certificate, &key)));
    master.serve();
    assert_eq!(master.leaf(), made.cert.der().as_ref());
    master.drain();
    assert_eq!(std::fs::read_dir(own.path()).unwrap().count(), 0);
}

#[test]
fn a_key_of_another_certificate_is_a_clear_error_at_start() {
    let (own, etc) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (certificate, key) = (etc.path().join("c.pem"), etc.path().join("k.pem"));
    let made = || rcgen::generate_simple_self_signed(["mail.example.org".to_owned()]).unwrap();
    std::fs::write(&certificate, made().cert.pem()).unwrap();
    std::fs::write(&key, made().signing_key.serialize_pem()).unwrap();
    let mut master = Master::start(own.path(), Some((&certificate, &key)));
    let _ = master.channel.send(&ToRole::Serve, &[]);
    assert!(matches!(master.next(), Err(ChannelError::Gone)), "it must not say Ready");
    let ended = master.role.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(Exit::Config as i32));
    let said = String::from_utf8(ended.stderr).unwrap();
    let sentence = format!("{}: the key is not that of the first certificate", key.display());
    assert!(said.contains(&sentence), "{said}");
}
