//! A role that does nothing but what the master can see: it claims every layer, keeps its channels, says hello on its
//! listeners, and misbehaves as the host name of its configuration says.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use ipc::control::{Control, Event, Greeting, greet};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::role::{Instance, Layers, Role};
use ipc::rpc;
use ipc::service::admin::{AuthAdmin, AuthReply};
use ipc::service::control::{CertificateFault, ReloadRefusal};
use ipc::slice::RoleConfig;
use tokio::task::AbortHandle;

type Peers = BTreeMap<(String, String, bool), OwnedFd>;

fn main() -> ExitCode {
    match role() {
        Ok(()) => Exit::Ok.into(),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "fake role: {failure}");
            failure.exit.into()
        }
    }
}

fn role() -> Result<(), Failure> {
    let Greeting { channel, hello, descriptors } = greet()?;
    let host = match &hello.config {
        RoleConfig::Mx(mx) => mx.hostname.clone(),
        RoleConfig::Imap(imap) => imap.hostname.clone(),
        RoleConfig::Pop3(pop3) => pop3.hostname.clone(),
        RoleConfig::Submission(submission) => submission.hostname.clone(),
        RoleConfig::Lmtp(lmtp) => lmtp.hostname.clone(),
        RoleConfig::Keys(keys) => keys.hostname.clone(),
        RoleConfig::Auth(auth) => auth.domain.clone(),
        RoleConfig::Store(_) => String::new(),
    };
    let role = hello.instance.role;
    if host == "refuses.example" && role == Role::Keys {
        return Err(Failure::new(Exit::Config, "the key is not to my liking"));
    }
    if host == "files.example" && role == Role::Keys {
        read_once_more(&descriptors);
    }
    if host == "loud.example" && role == Role::Keys {
        std::thread::spawn(|| while std::io::stderr().write_all(&[b'x'; 4096]).is_ok() {});
    }
    let wild = control_copy(host == "malformed.example" && role == Role::Mx)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::system("runtime", error))?;
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let control = Control::locked(channel, Layers::all()).await?;
        serve(hello.instance, control, wild, host == "stays.example").await
    })
}

/// What it reads it tells on standard error; it leaves the offset at the end.
fn read_once_more(descriptors: &[OwnedFd]) {
    for file in descriptors {
        let Ok(copy) = file.try_clone() else { continue };
        let text = std::io::read_to_string(std::fs::File::from(copy)).unwrap_or_default();
        let _ = writeln!(std::io::stderr(), "keys read <{}>", text.trim());
    }
}

/// Another descriptor of the control channel, to say on it what no type allows.
fn control_copy(wanted: bool) -> Result<Option<OwnedFd>, Failure> {
    let copy =
        || std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| Failure::system("stdin", error));
    wanted.then(copy).transpose()
}

async fn serve(
    instance: Instance,
    mut control: Control,
    mut wild: Option<OwnedFd>,
    stays: bool,
) -> Result<(), Failure> {
    let mut peers = Peers::new();
    let mut listening = Vec::new();
    let mut retiring = false;
    loop {
        let event = tokio::select! {
            event = control.next() => event?,
            () = tokio::time::sleep(Duration::from_millis(20)), if retiring => {
                if control.gauge().open() == 0 {
                    return control.drained().await;
                }
                continue;
            }
        };
        match event {
            Event::Peer { service, peer, serves, socket } => {
                peers.insert((name(service), peer.to_string(), serves), socket);
            }
            Event::Listener { listener, socket } => {
                listening.push((listener, accept(instance, &control, socket)?));
            }
            Event::Serve => {
                control.ready().await?;
                if let Some(socket) = wild.take() {
                    tokio::task::spawn_local(async move {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                        let _ = ipc::socket::send(socket.as_fd(), &[9; 9], b"", &[]);
                    });
                }
            }
            Event::Admin { socket, .. } => {
                let lines: Vec<String> =
                    peers.iter().filter_map(|(peer, socket)| alive(peer, socket)).collect();
                tokio::task::spawn_local(rpc::serve::<AuthAdmin>(socket, 4, move |_, responder| {
                    responder.reply(AuthReply::Domains(lines.clone()), Vec::new());
                }));
            }
            Event::Prepare { config, .. } => control.answer(judge(&config)?).await?,
            Event::Commit | Event::Abort => {}
            Event::Unlisten { listener: closed } => {
                listening.retain(|(listener, task)| {
                    if *listener == closed {
                        task.abort();
                    }
                    *listener != closed
                });
            }
            Event::Retire => {
                listening.drain(..).for_each(|(_, task)| task.abort());
                retiring = true;
            }
            Event::Drain { .. } if stays => {}
            Event::Drain { .. } => return control.drained().await,
        }
    }
}

/// What it says to a new configuration.
fn judge(config: &RoleConfig) -> Result<Result<(), ReloadRefusal>, Failure> {
    match config {
        RoleConfig::Keys(keys) if keys.hostname == "refused.example" => {
            let fault = CertificateFault::Mismatch;
            Ok(Err(ReloadRefusal::Certificate { index: 0, fault }))
        }
        RoleConfig::Imap(imap) if imap.hostname == "fatal.example" => {
            Err(Failure::new(Exit::Software, "that is too much"))
        }
        _ => Ok(Ok(())),
    }
}

/// A line for a channel whose other end is there.
fn alive((service, peer, serves): &(String, String, bool), socket: &OwnedFd) -> Option<String> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut poll_on = [PollFd::new(socket, PollFlags::IN)];
    let now = rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = poll(&mut poll_on, Some(&now)).is_ok_and(|ready| ready > 0);
    (!gone).then(|| format!("{service} {} {peer}", if *serves { "from" } else { "to" }))
}

fn name(service: Service) -> String {
    format!("{service:?}").to_lowercase()
}

/// Says who it is to everybody who connects.
fn accept(instance: Instance, control: &Control, socket: OwnedFd) -> Result<AbortHandle, Failure> {
    let listener = tokio::net::TcpListener::from_std(std::net::TcpListener::from(socket))
        .map_err(|error| Failure::system("listener", error))?;
    let gauge = control.gauge();
    let task = tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let entered = gauge.enter();
            tokio::task::spawn_local(async move {
                let _ = stream.writable().await;
                let _ = stream.try_write(format!("{instance}\n").as_bytes());
                // a session of a while, to be counted
                tokio::time::sleep(Duration::from_secs(3)).await;
                drop(entered);
            });
        }
    });
    Ok(task.abort_handle())
}
