//! A worker whose configuration changes, whose entrances go, and that is replaced.

use ipc::service::control::{LogLevel, Preparation};
use ipc::slice::{MxConfig, Pop3Config};

use super::*;

fn mx(per_address: u32) -> RoleConfig {
    RoleConfig::Mx(MxConfig {
        hostname: "h.example".into(),
        max_message_size: 1 << 20,
        max_recipients: 100,
        limits: Limits::of(10, per_address),
    })
}

fn pop3() -> RoleConfig {
    let limits = Limits::of(10, 1);
    RoleConfig::Pop3(Pop3Config { hostname: "h.example".into(), idle_minutes: 10, limits })
}

impl Master {
    async fn prepare(&mut self, config: RoleConfig) -> ToMaster {
        self.say(ToRole::Prepare(Box::new(Preparation { level: LogLevel::Info, config }))).await;
        self.next().await
    }
}

async fn greeted(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    hear(&mut client, "hello plain\n").await;
    client
}

#[test]
fn what_is_committed_counts_for_who_comes_and_what_is_aborted_for_nobody() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let address = master.listen(false).await;
        let mut one = greeted(address).await;
        assert_eq!(master.prepare(pop3()).await, ToMaster::Refused(ReloadRefusal::Restart));
        master.say(ToRole::Abort).await;
        assert_eq!(master.prepare(mx(1)).await, ToMaster::Prepared);
        master.say(ToRole::Abort).await;
        let two = greeted(address).await;
        drop(two);
        while master.sessions().await.0 != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }

        assert_eq!(master.prepare(mx(1)).await, ToMaster::Prepared);
        master.say(ToRole::Commit).await;
        assert_eq!(master.sessions().await.0, 1, "it has heard it by now");
        let mut refused = TcpStream::connect(address).await.unwrap();
        hear_the_end(&mut refused, "come back\n").await;
        one.write_all(b"still here\n").await.unwrap();
        hear(&mut one, "still here\n").await;

        assert_eq!(master.prepare(mx(3)).await, ToMaster::Prepared);
        master.say(ToRole::Commit).await;
        assert_eq!(master.sessions().await.0, 1);
        let _two = greeted(address).await;
    });
}

#[test]
fn a_commit_of_nothing_ends_it() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        master.say(ToRole::Commit).await;
        assert_eq!((&mut master.role).await.unwrap().unwrap_err().exit, Exit::Software);
    });
}

#[test]
fn an_entrance_is_closed_after_who_has_come_to_it() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let (goes, stays) = (master.listen(false).await, master.listen(false).await);
        let mut early = greeted(goes).await;
        let mut late = TcpStream::connect(goes).await.unwrap();
        master
            .say(ToRole::Unlisten { listener: Listener { address: goes.into(), implicit_tls: false } })
            .await;
        hear(&mut late, "hello plain\n").await;
        while TcpStream::connect(goes).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        early.write_all(b"still here\n").await.unwrap();
        hear(&mut early, "still here\n").await;
        drop((early, late));
        while master.sessions().await.0 > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        greeted(stays).await;
    });
}

#[test]
fn who_is_replaced_accepts_nobody_and_ends_with_its_last_session() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let address = master.listen(false).await;
        let mut one = greeted(address).await;
        let mut late = TcpStream::connect(address).await.unwrap();
        master.say(ToRole::Retire).await;
        hear(&mut late, "hello plain\n").await;
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(late);
        while master.sessions().await.0 != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        one.write_all(b"still here\nquit\n").await.unwrap();
        hear_the_end(&mut one, "still here\n").await;
        drop(one);
        assert_eq!(timeout(Duration::from_secs(2), master.next()).await.unwrap(), ToMaster::Drained);
        assert!((&mut master.role).await.unwrap().is_ok());
    });
}

#[test]
fn who_is_replaced_can_be_told_to_finish() {
    local(async {
        let keys = Keys::start(KeyKind::Ecdsa);
        let mut master = Master::serving(&keys).await;
        let address = master.listen(false).await;
        let mut one = greeted(address).await;
        master.say(ToRole::Retire).await;
        assert!(timeout(SOON, master.next()).await.is_err(), "it waits for its session");
        master.say(ToRole::Drain { within: 30_000 }).await;
        hear_the_end(&mut one, "Draining\n").await;
        drop(one);
        assert_eq!(timeout(Duration::from_secs(2), master.next()).await.unwrap(), ToMaster::Drained);
    });
}
