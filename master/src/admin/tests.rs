//! Who may ask, and that nobody who asks can hold the master.

use std::os::unix::fs::MetadataExt as _;

use rustix::net::connect;

use ipc::service::admin::SuiteStatus;

use super::*;

fn client(path: &Path) -> OwnedFd {
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
            .unwrap();
    connect(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    socket
}

#[test]
fn root_and_who_started_it_may() {
    for (peer, own, expected) in [
        (0, 0, Some(Permission::Full)),
        (0, 1000, Some(Permission::Full)),
        (1000, 1000, Some(Permission::Full)),
        (1000, 0, None),
        (1001, 1000, None),
        (65534, 0, None),
    ] {
        assert_eq!(permission(peer, own), expected, "{peer} {own}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn connections_are_answered_and_handed_on() {
    let dir = tempfile::tempdir().unwrap();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let mut sockets = Sockets::bind(dir.path()).unwrap();
            let path = dir.path().join(MASTER_SOCKET);
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            let (sender, mut asked) = mpsc::channel(8);
            sockets.serve(&sender).unwrap();

            let master = rpc::Client::<MasterAdmin>::start(client(&path)).unwrap();
            let (reply, ()) = tokio::join!(master.call(MasterRequest::Status), async {
                let Some(Asked::Status(responder)) = asked.recv().await else { panic!("a question") };
                responder.reply(
                    MasterReply::Status(SuiteStatus { generation: 1, in_force: 0, processes: Vec::new() }),
                    Vec::new(),
                );
            });
            assert!(matches!(reply.unwrap().0, MasterReply::Status(status) if status.generation == 1));
            let reply = master.call(MasterRequest::Stop).await.unwrap().0;
            assert!(matches!(reply, MasterReply::Stopping));
            assert!(matches!(asked.recv().await, Some(Asked::Stop)));

            for (socket, role) in [(AUTH_SOCKET, Role::Auth), (STORE_SOCKET, Role::Store)] {
                let _client = client(&dir.path().join(socket));
                let Some(Asked::Role(to, Permission::Full, _)) = asked.recv().await else {
                    panic!("a connection")
                };
                assert_eq!(to, role);
            }
            drop(sockets);
            assert!(!path.exists());
        })
        .await;
}

#[tokio::test(flavor = "current_thread")]
async fn who_says_nothing_or_nonsense_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let mut sockets = Sockets::bind(dir.path()).unwrap();
            let path = dir.path().join(MASTER_SOCKET);
            let (sender, _asked) = mpsc::channel(8);
            sockets.serve(&sender).unwrap();

            let bad = client(&path);
            ipc::socket::send(std::os::fd::AsFd::as_fd(&bad), b"hello", b"", &[]).unwrap();
            let bad = rpc::Client::<MasterAdmin>::start(bad).unwrap();
            while !bad.is_gone() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }

            let silent: Vec<_> = (0..CONNECTIONS + 1).map(|_| client(&path)).collect();
            tokio::time::sleep(Duration::from_millis(50)).await;
            let one_too_many = rpc::Client::<MasterAdmin>::start(silent.into_iter().last().unwrap()).unwrap();
            assert!(one_too_many.call(MasterRequest::Status).await.is_err());
        })
        .await;
}
