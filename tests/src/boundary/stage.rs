//! What there is to attack: files, sockets, processes; all of it works for who is not locked down.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr as LocalAddr, UnixListener};
use std::path::{Path, PathBuf};

use breach::order::{Handed, Order, Scene};
use breach::table::Starter;
use ipc::role::{Instance, Layer, Layers, Role};

use super::process::{RoleProcess, Start};
use super::programs::Programs;
use super::role_id;

/// A directory with everything in it, and the processes beside it.
#[derive(Debug)]
pub struct Stage {
    /// Who starts the roles.
    pub starter: Starter,
    /// The programs.
    pub programs: Programs,
    directory: tempfile::TempDir,
    tcp: SocketAddr,
    udp: UdpSocket,
    name: String,
    queue: i32,
    /// One of the master's user for each role: two that trace one process would stand in each other's way.
    victims: Vec<RoleProcess>,
    /// One of each role's own uid.
    siblings: Vec<RoleProcess>,
}

impl Stage {
    /// Sets it.
    ///
    /// # Panics
    /// Something of it cannot be had.
    #[must_use]
    pub fn set(starter: Starter, programs: Programs) -> Self {
        let directory = tempfile::Builder::new().prefix("bulkhead-boundary-").tempdir().expect("a directory");
        let path = directory.path();
        mode(path, 0o755);
        for role in Role::STARTED {
            make_roots(path, role, starter);
        }
        make_files(path);
        if starter == Starter::Root {
            fs::copy("/usr/bin/test", path.join("set-user-id")).expect("test(1) is copied");
            mode(&path.join("set-user-id"), 0o4755);
        }
        let process = std::process::id();
        let name = format!("bulkhead-boundary-{process}");
        let tcp = listen(path, &name);
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let queue = 0x4255_0000 | (process & 0xffff).cast_signed();
        let mut stage =
            Stage { starter, programs, directory, tcp, udp, name, queue, victims: vec![], siblings: vec![] };
        let own_uid = match starter {
            Starter::Root => Layers::NONE.with(Layer::Uid),
            Starter::User => Layers::NONE,
        };
        let accomplices =
            |apply| Role::STARTED.into_iter().map(|role| accomplice(&stage.start(role, apply))).collect();
        (stage.victims, stage.siblings) = (accomplices(Layers::NONE), accomplices(own_uid));
        stage.make_queue(true);
        stage
    }

    /// A start of the role's hostile program under those layers.
    #[must_use]
    pub fn start(&self, role: Role, apply: Layers) -> Start {
        let own = self.starter == Starter::Root && apply.has(Layer::Uid);
        Start {
            program: self.programs.hostile(role),
            instance: Instance { role, worker: 0 },
            apply,
            id: (self.starter == Starter::Root).then(|| role_id(role)),
            root: root(self.directory.path(), role, own),
        }
    }

    /// What an attempt in that role can be directed at; `twin` is 0 where there is none.
    #[must_use]
    pub fn scene(&self, role: Role, twin: i32) -> Scene {
        let pid = |of: &[RoleProcess]| {
            let mut pairs = Role::STARTED.iter().zip(of);
            pairs.find(|(other, _)| **other == role).map_or(0, |(_, process)| process.pid())
        };
        let text = |path: PathBuf| path.to_str().expect("a path in UTF-8").to_owned();
        Scene {
            victim: pid(&self.victims),
            sibling: pid(&self.siblings),
            twin,
            master: std::process::id().cast_signed(),
            tcp: Some(self.tcp),
            udp: self.udp.local_addr().ok(),
            unix: text(self.directory.path().join("public")),
            name: self.name.clone(),
            outside: text(self.directory.path().join("outside")),
            set_user_id: match self.starter {
                Starter::Root => text(self.directory.path().join("set-user-id")),
                Starter::User => String::new(),
            },
            queue: self.queue,
        }
    }

    /// The descriptors that are left open.
    ///
    /// # Panics
    /// There are none.
    #[must_use]
    pub fn handed(&self, role: Role) -> Handed {
        let file = fs::File::options().append(true).open(self.directory.path().join("left-open"));
        Handed {
            host_root: fs::File::open("/").expect("the root opens").into(),
            program: fs::File::open(self.programs.hostile(role)).expect("the program opens").into(),
            file: file.expect("the file opens").into(),
        }
    }

    /// Makes the message queue, or removes it again.
    fn make_queue(&mut self, make: bool) {
        let order = Order::Queue { key: self.queue, make };
        if let Some(owner) = self.victims.first_mut() {
            let admin = owner.admin();
            let _taken = owner.order(&admin, &order, &[]);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.make_queue(false);
    }
}

/// A process that is not locked down, and lets itself be traced.
fn accomplice(start: &Start) -> RoleProcess {
    let mut process = RoleProcess::start(start).unwrap_or_else(|why| panic!("{why}"));
    let admin = process.admin();
    let _taken = process.order(&admin, &Order::LetTrace, &[]);
    process
}

/// Two roots: one for the role's own uid, one for when it has none.
fn make_roots(directory: &Path, role: Role, starter: Starter) {
    for own in [false, true] {
        let path = root(directory, role, own);
        fs::create_dir(&path).expect("a directory");
        // for what is mounted there
        fs::create_dir(path.join("mounted")).expect("a directory");
        // a reader's is anyone's to write to: that its mode forbids it is no layer
        mode(&path, if role.is_reader() { 0o777 } else { 0o700 });
        if own && starter == Starter::Root {
            chown(&path, Some(role_id(role)), Some(role_id(role))).expect("chown");
        }
    }
}

fn root(directory: &Path, role: Role, own: bool) -> PathBuf {
    directory.join(format!("{role}-{}", if own { "own" } else { "shared" }))
}

fn make_files(directory: &Path) {
    let outside = directory.join("outside");
    fs::create_dir(&outside).expect("a directory");
    mode(&outside, 0o700);
    fs::write(outside.join("secret"), "secret").expect("a file");
    mode(&outside.join("secret"), 0o600);
    fs::write(directory.join("left-open"), "").expect("a file");
}

/// Listens on all there is, and accepts for ever: a full queue would look like a wall.
fn listen(directory: &Path, name: &str) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = tcp.local_addr().expect("an address");
    let path = directory.join("public");
    let by_path = UnixListener::bind(&path).expect("a socket");
    mode(&path, 0o777);
    let by_name = LocalAddr::from_abstract_name(name).and_then(|name| UnixListener::bind_addr(&name));
    let by_name = by_name.expect("a socket");
    std::thread::spawn(move || tcp.incoming().for_each(drop));
    std::thread::spawn(move || by_path.incoming().for_each(drop));
    std::thread::spawn(move || by_name.incoming().for_each(drop));
    address
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}
