//! One connection, as the gate and the session both see it.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use ipc::slice::Limits;
use tokio::sync::Notify;

use super::Gate;
use super::book::{Custom, Refusal, Ticket};
use crate::session::Farewell;

/// A connection that was let in; its place is free when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Guest {
    seat: Rc<Seat>,
}

#[derive(Debug)]
pub(super) struct Seat {
    gate: Rc<Gate>,
    ticket: Ticket,
    remote: Cell<Option<IpAddr>>,
    known: Cell<bool>,
    asking: Cell<bool>,
    away: Cell<Option<Farewell>>,
    told: Notify,
}

impl Guest {
    pub(super) fn new(seat: Rc<Seat>) -> Self {
        Guest { seat }
    }

    /// One at a gate of its own, where it is alone.
    ///
    /// # Errors
    /// Never: there is nobody who could have its place.
    pub fn alone(remote: IpAddr) -> Result<Self, Refusal> {
        let guest = Gate::new(Limits::of(1, 1), Custom::LogIn).enter();
        guest.admit(Some(remote)).map(|()| guest)
    }

    /// It is known from where the connection comes; without an address from a process of this host.
    ///
    /// # Errors
    /// It is not let in.
    pub fn admit(&self, remote: Option<IpAddr>) -> Result<(), Refusal> {
        self.seat.remote.set(remote);
        self.seat.gate.admit(self.seat.ticket, remote)
    }

    /// Somebody has logged in: the place is its own until it leaves.
    pub fn logged_in(&self) {
        self.seat.known.set(true);
        self.seat.gate.book.borrow_mut().know(self.seat.ticket);
    }

    /// Has somebody?
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.seat.known.get()
    }

    /// A password was wrong. Says how long the reply has to wait.
    #[must_use]
    pub fn mistaken(&self) -> Duration {
        self.seat.remote.get().map_or(Duration::ZERO, |remote| self.seat.gate.mistaken(remote))
    }

    /// Something was wrong so many times: a command, a recipient. Says how long the reply has to wait.
    #[must_use]
    pub fn offended(&self, count: u32) -> Duration {
        match self.seat.remote.get() {
            Some(remote) if count > 0 => self.seat.gate.offended(remote, count),
            _ => Duration::ZERO,
        }
    }

    /// Waits before a reply, at most until it is told to go, or the worker drains.
    pub async fn wait(&self, delay: Duration) {
        if !delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                _ = self.sent_away() => {}
                () = self.seat.gate.hurried() => {}
            }
        }
    }

    /// `auth` will not look at its logins for that long: new connections from there are refused.
    pub fn refuse_for(&self, time: Duration) {
        if let Some(remote) = self.seat.remote.get().filter(|remote| !self.seat.gate.never_blocks(*remote)) {
            self.seat.gate.refuse(remote, time);
        }
    }

    /// What another compartment is asked on its behalf.
    pub async fn asking<F: Future>(&self, answer: F) -> F::Output {
        self.seat.asking.set(true);
        let answer = answer.await;
        self.seat.asking.set(false);
        answer
    }

    /// Is another compartment being asked?
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.seat.asking.get()
    }

    /// Tells it to go.
    pub fn send_away(&self, why: Farewell) {
        self.seat.send_away(why);
    }

    /// Returns when it is told to go: somebody else needs the place, or it had its time. Cancel safe.
    pub async fn sent_away(&self) -> Farewell {
        loop {
            let told = self.seat.told.notified();
            if let Some(why) = self.seat.away.get() {
                return why;
            }
            told.await;
        }
    }
}

impl Seat {
    pub(super) fn new(gate: Rc<Gate>, ticket: Ticket) -> Self {
        Seat {
            gate,
            ticket,
            remote: Cell::new(None),
            known: Cell::new(false),
            asking: Cell::new(false),
            away: Cell::new(None),
            told: Notify::new(),
        }
    }

    pub(super) fn send_away(&self, why: Farewell) {
        self.gate.book.borrow_mut().dismiss(self.ticket);
        self.away.set(Some(why));
        self.told.notify_waiters();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.gate.leave(self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::super::SLACK;
    use ipc::slice::Networks;

    use super::*;

    const ELSEWHERE: &str = "192.0.2.1";

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[tokio::test]
    async fn whoever_is_displaced_is_told() {
        let gate = Gate::new(Limits::of(2, 2), Custom::Anonymous);
        let [first, second, third] = [(); 3].map(|()| gate.enter());
        first.admit(address(ELSEWHERE)).unwrap();
        second.admit(address(ELSEWHERE)).unwrap();
        third.admit(address("198.51.100.1")).unwrap();
        assert_eq!(first.sent_away().await, Farewell::Unavailable);
        let none = Duration::from_millis(10);
        assert!(tokio::time::timeout(none, second.sent_away()).await.is_err());
    }

    #[tokio::test]
    async fn a_place_is_free_when_the_last_clone_is_gone() {
        let gate = Gate::new(Limits::of(1, 1), Custom::Anonymous);
        let guest = gate.enter();
        guest.admit(address(ELSEWHERE)).unwrap();
        let clone = guest.clone();
        drop(guest);
        assert_eq!(gate.enter().admit(address(ELSEWHERE)), Err(Refusal::Address));
        tokio::join!(gate.empty(), async { drop(clone) });
        assert_eq!(gate.enter().admit(address(ELSEWHERE)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_guesses_is_refused_but_for_those_that_never_are() {
        let blocks = ipc::slice::Blocks { after: 5, seconds: 60 };
        let never_block = Networks::new(&["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]).unwrap();
        let gate = Gate::new(Limits { blocks, never_block, ..Limits::of(9, 9) }, Custom::LogIn);
        for (remote, expected) in [(ELSEWHERE, Err(Refusal::Blocked)), ("127.0.0.1", Ok(())), ("::1", Ok(()))]
        {
            let guest = gate.enter();
            guest.admit(address(remote)).unwrap();
            for _ in 0..5 {
                guest.wait(guest.offended(1)).await;
            }
            assert_eq!(gate.enter().admit(address(remote)), expected, "{remote}");
            guest.refuse_for(Duration::from_secs(1000));
            tokio::time::advance(Duration::from_secs(61)).await;
            assert_eq!(gate.enter().admit(address(remote)), expected, "{remote}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_kept_waiting_while_the_worker_drains() {
        let gate = Gate::new(Limits::of(9, 9), Custom::LogIn);
        let guest = gate.enter();
        guest.admit(address(ELSEWHERE)).unwrap();
        let started = tokio::time::Instant::now();
        tokio::join!(guest.wait(Duration::from_secs(20)), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            gate.hurry();
        });
        assert_eq!(started.elapsed().as_secs(), 1);
        guest.wait(Duration::from_secs(20)).await;
        assert_eq!(started.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn while_too_many_are_on_their_way_none_is_accepted() {
        let gate = Gate::new(Limits::of(1, 1), Custom::LogIn);
        let mut pending: Vec<_> = (0..=SLACK).map(|_| gate.enter()).collect();
        assert!(tokio::time::timeout(Duration::from_secs(1), gate.room()).await.is_err());
        tokio::join!(gate.room(), async { drop(pending.pop()) });
    }
}
