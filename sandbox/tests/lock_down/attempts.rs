//! What a cell tries once it is locked down. Every attempt says `ok…` or the error.

use std::error::Error;
use std::ffi::CString;
use std::fmt::Display;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use nix::sys::{memfd, signal, socket};
use nix::unistd;
use rustix::fs::StatVfsMountFlags;
use rustix::net::sockopt::Timeout;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Things some attempts need from before the lock-down.
pub(crate) struct Before {
    journal: UnixDatagram,
}

/// The same, and a thread that was made between the two steps, which does what it is sent.
pub(crate) struct Threads {
    journal: UnixDatagram,
    runtime: tokio::runtime::Runtime,
    order: mpsc::Sender<()>,
    answer: mpsc::Receiver<String>,
}

pub(crate) fn before_threads(_attempt: &str) -> Before {
    Before { journal: UnixDatagram::unbound().expect("a socket") }
}

impl Before {
    pub(crate) fn into_threads(self, attempt: &str) -> Threads {
        let (order, orders) = mpsc::channel();
        let (answers, answer) = mpsc::channel();
        let what = attempt.to_owned();
        std::thread::spawn(move || {
            if orders.recv().is_ok() {
                let _gone = answers.send(in_thread(&what));
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Threads { journal: self.journal, runtime, order, answer }
    }
}

fn in_thread(attempt: &str) -> String {
    match attempt {
        "thread-works" => {
            format!("ok {}", vec![1_u8; 4 << 20].iter().map(|one| u32::from(*one)).sum::<u32>())
        }
        _ => say(fs::metadata("/")),
    }
}

/// Makes the attempt.
pub(crate) fn make(attempt: &str, threads: Threads) -> String {
    let (name, argument) = attempt.split_once('=').unwrap_or((attempt, ""));
    match name {
        "nothing" => "ok".into(),
        "wait" => say(std::io::stdin().read_to_end(&mut Vec::new())),
        "thread-works" | "thread-stat" => {
            threads.order.send(()).expect("the thread is there");
            threads.answer.recv().unwrap_or_default()
        }
        "stat" => say(fs::metadata(argument)),
        "read-dir" => say(fs::read_dir(argument).map(Iterator::count)),
        "own-files" => say(own_files(argument)),
        "database" => say(database(argument)),
        "net-namespace" => say(fs::read_link("/proc/self/ns/net").map(|link| link.display().to_string())),
        "connect" => say(TcpStream::connect(argument)),
        "abstract" => {
            say(SocketAddr::from_abstract_name(argument).and_then(|a| UnixStream::connect_addr(&a)))
        }
        "signal" => say(signal::kill(unistd::getppid(), None)),
        "exec" => say(Command::new("/bin/true").status()),
        "new-thread" => say(std::thread::Builder::new().spawn(|| ())),
        "memfd" => say(memfd::memfd_create(&*CString::new("x").expect("a name"), memfd::MFdFlags::empty())),
        "setuid" => say(unistd::setuid(unistd::Uid::from_raw(0))),
        "session-pair" => say(session_pair(socket::SockType::SeqPacket)),
        "stream-pair" => say(session_pair(socket::SockType::Stream)),
        "serve" => say(serve()),
        "serve-by-runtime" => say(threads.runtime.block_on(serve_by_runtime())),
        "limits" => limits(),
        "mount-flags" => mount_flags(),
        "time-limits" => say(limit_times(&threads.journal)),
        "reuse-port" => say(rustix::net::sockopt::set_socket_reuseport(&threads.journal, true)),
        "journal" => say(threads.journal.send_to(b"MESSAGE=x", "/run/systemd/journal/socket")),
        "abort" => std::process::abort(),
        "panic" => panic!("on purpose"),
        other => panic!("no attempt {other}"),
    }
}

/// As the master does: starts a role, here a cell, and passes on what it says.
pub(crate) fn start_role(attempt: &str, arguments: &[String]) -> ExitCode {
    assert_eq!(attempt, "start");
    let program = std::env::current_exe().expect("a path");
    let status = Command::new(program).args(arguments).status().expect("it starts");
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say<T, E: Display>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(error) => error.to_string(),
    }
}

/// All that a role does to the files of its own directory.
fn own_files(root: &str) -> std::io::Result<()> {
    let (from, to) = (format!("{root}/from"), format!("{root}/a-directory/to"));
    fs::create_dir(format!("{root}/a-directory"))?;
    fs::File::create(&from)?.write_all(b"text")?;
    fs::File::open(&from)?.sync_data()?;
    fs::rename(&from, &to)?;
    fs::File::options().write(true).open(&to)?.set_len(2)?;
    assert_eq!(fs::read(&to)?, b"te");
    assert_eq!(fs::read_dir(format!("{root}/a-directory"))?.count(), 1);
    fs::remove_file(&to)
}

/// What `auth` does to its database, as it is and as a crash would leave it.
fn database(path: &str) -> Result<(), Box<dyn Error>> {
    work_on_database(path)?;
    leave_journal(path, "/crashed")?;
    work_on_database("/crashed")?;
    Ok(())
}

/// Copies the database in the middle of a transaction that has already changed the file, journal and all.
fn leave_journal(path: &str, copy: &str) -> Result<(), Box<dyn Error>> {
    let mut database = rusqlite::Connection::open(path)?;
    database.execute_batch("pragma cache_size = 10")?;
    let transaction = database.transaction()?;
    insert(&transaction)?;
    fs::write(copy, fs::read(path)?)?;
    fs::write(format!("{copy}-journal"), fs::read(format!("{path}-journal"))?)?;
    Ok(())
}

fn work_on_database(path: &str) -> rusqlite::Result<()> {
    let mut database = rusqlite::Connection::open(path)?;
    database.busy_timeout(Duration::from_secs(1))?;
    database.execute_batch("pragma journal_mode = delete; pragma synchronous = extra")?;
    database.execute_batch("create table if not exists account (id integer primary key, name text)")?;
    for keep in [true, false, true] {
        let transaction = database.transaction()?;
        insert(&transaction)?;
        if keep { transaction.commit()? } else { transaction.rollback()? }
    }
    // more than the cache holds goes to a temporary file
    database.execute_batch("pragma cache_size = 10; pragma temp.cache_size = 10")?;
    database.execute_batch("create temp table sorted as select name, id from account order by name")?;
    database.execute_batch("delete from account; vacuum; pragma integrity_check")
}

fn insert(transaction: &rusqlite::Transaction<'_>) -> rusqlite::Result<()> {
    for _ in 0..100 {
        transaction.execute("insert into account (name) values (?)", [&"x".repeat(5000)])?;
    }
    Ok(())
}

fn session_pair(kind: socket::SockType) -> nix::Result<()> {
    socket::socketpair(socket::AddressFamily::Unix, kind, None, socket::SockFlag::SOCK_CLOEXEC).map(drop)
}

/// Serves one connection on the listener it was handed as standard input.
fn serve() -> std::io::Result<()> {
    let listener = TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let (mut client, _) = listener.accept()?;
    client.set_nodelay(true)?;
    let mut greeting = [0; 5];
    client.read_exact(&mut greeting)?;
    client.write_all(&greeting)
}

/// The same as a reader does it: with a deadline, and on a runtime that was built before the filter was put on.
async fn serve_by_runtime() -> std::io::Result<()> {
    let listener = TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let connection = async {
        let (mut client, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        let mut greeting = [0; 5];
        client.read_exact(&mut greeting).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
        client.write_all(&greeting).await?;
        client.shutdown().await
    };
    tokio::time::timeout(Duration::from_secs(10), connection).await?
}

/// Time limits on a channel, as std and as rustix set them.
fn limit_times(socket: &UnixDatagram) -> std::io::Result<()> {
    let second = Some(Duration::from_secs(1));
    for which in [Timeout::Recv, Timeout::Send] {
        rustix::net::sockopt::set_socket_timeout(socket, which, second)?;
    }
    socket.set_read_timeout(second)?;
    socket.set_write_timeout(second)
}

fn limits() -> String {
    let limits = [
        ("core", Resource::RLIMIT_CORE),
        ("processes", Resource::RLIMIT_NPROC),
        ("files", Resource::RLIMIT_NOFILE),
        ("growth", Resource::RLIMIT_FSIZE),
    ];
    let show = |(name, resource)| {
        let (soft, hard) = getrlimit(resource).expect("a limit");
        format!("{name} {soft}/{hard}")
    };
    limits.map(show).join(", ")
}

fn mount_flags() -> String {
    let flags = rustix::fs::statvfs("/").expect("a file system").f_flag;
    let names = [
        (StatVfsMountFlags::NOSUID, "nosuid"),
        (StatVfsMountFlags::NODEV, "nodev"),
        (StatVfsMountFlags::NOEXEC, "noexec"),
        (StatVfsMountFlags::RDONLY, "ro"),
    ];
    names
        .into_iter()
        .filter(|(flag, _)| flags.contains(*flag))
        .map(|(_, name)| name)
        .collect::<Vec<_>>()
        .join(",")
}
