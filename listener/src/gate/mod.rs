//! The gate of a worker: who is let in, who has to go for it, who is kept waiting, and who is refused for a while.

mod book;
mod guest;
mod offenders;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use ipc::slice::Limits;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::session::Farewell;
use book::{Book, Origin, Ticket};
pub use book::{Custom, GRACE, Refusal};
pub use guest::Guest;
use guest::Seat;
use offenders::Offenders;

/// Connections beyond the limit: those that are told to go and have not gone, and those whose proxy has not yet said who
/// they are. While there are as many, none is accepted.
pub const SLACK: usize = 128;

/// One worker's gate.
#[derive(Debug)]
pub struct Gate {
    book: RefCell<Book>,
    offenders: RefCell<Offenders>,
    seats: RefCell<HashMap<Ticket, Weak<Seat>>>,
    next: Cell<Ticket>,
    left: Notify,
    /// Is nobody kept waiting for a reply any more?
    hurried: Cell<bool>,
    hurry: Notify,
    /// Has it been said that all places are taken?
    full: Cell<bool>,
}

impl Gate {
    /// With nobody in.
    #[must_use]
    pub fn new(limits: Limits, custom: Custom) -> Rc<Self> {
        Rc::new(Gate {
            book: RefCell::new(Book::new(limits, custom)),
            offenders: RefCell::new(Offenders::new(limits.blocks)),
            seats: RefCell::default(),
            next: Cell::new(0),
            left: Notify::new(),
            hurried: Cell::new(false),
            hurry: Notify::new(),
            full: Cell::new(false),
        })
    }

    /// Other limits from now on; who is in stays.
    pub fn adopt(&self, limits: Limits) {
        self.book.borrow_mut().adopt(limits);
        self.offenders.borrow_mut().adopt(limits.blocks);
        self.left.notify_waiters();
    }

    /// The worker drains: from now on no reply is delayed. Whoever guesses must not hold up a restart.
    pub fn hurry(&self) {
        self.hurried.set(true);
        self.hurry.notify_waiters();
    }

    /// Returns when replies are not delayed any more.
    async fn hurried(&self) {
        let told = self.hurry.notified();
        if !self.hurried.get() {
            told.await;
        }
    }

    /// Does a PROXY protocol header from there count, and has to come?
    #[must_use]
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        self.book.borrow().limits().proxies.contain(address)
    }

    /// Somebody has connected, and it is not yet known who: [`Guest::admit`] is due.
    #[must_use]
    pub fn enter(self: &Rc<Self>) -> Guest {
        let ticket = self.next.get();
        self.next.set(ticket.wrapping_add(1));
        self.book.borrow_mut().enter(ticket, Instant::now());
        let seat = Rc::new(Seat::new(Rc::clone(self), ticket));
        self.seats.borrow_mut().insert(ticket, Rc::downgrade(&seat));
        Guest::new(seat)
    }

    /// Returns when there is room for one more to be looked at. Cancel safe.
    pub async fn room(&self) {
        loop {
            let left = self.left.notified();
            let most = usize::try_from(self.book.borrow().limits().connections).unwrap_or(usize::MAX);
            if self.book.borrow().present() < most.saturating_add(SLACK) {
                return;
            }
            left.await;
        }
    }

    /// Returns when everybody has left.
    pub async fn empty(&self) {
        loop {
            let left = self.left.notified();
            if self.book.borrow().present() == 0 {
                return;
            }
            left.await;
        }
    }

    /// Returns when the next one leaves.
    pub(crate) async fn somebody_left(&self) {
        self.left.notified().await;
    }

    fn admit(&self, ticket: Ticket, address: Option<IpAddr>) -> Result<(), Refusal> {
        let now = Instant::now();
        let origin = address.map(Origin::of);
        let refusable = address.filter(|address| !self.never_blocks(*address)).map(Origin::of);
        if refusable.is_some_and(|origin| self.offenders.borrow().are_refused(origin, now)) {
            return Err(Refusal::Blocked);
        }
        let admitted = self.book.borrow_mut().admit(ticket, origin, now);
        self.say_when_full();
        if let Some(displaced) = admitted? {
            let seat = self.seats.borrow().get(&displaced).and_then(Weak::upgrade);
            if let Some(seat) = seat {
                seat.send_away(Farewell::Unavailable);
            }
        }
        Ok(())
    }

    /// Once, and again only after there was a place: at the limit each arrival would say it.
    fn say_when_full(&self) {
        let full = self.book.borrow().is_full();
        if full && !self.full.replace(true) {
            let connections = self.book.borrow().limits().connections;
            tracing::warn!(connections, "all places are taken");
        }
    }

    /// Says how long the reply has to wait.
    fn offended(&self, address: IpAddr, count: u32) -> Duration {
        if self.never_blocks(address) {
            return Duration::ZERO;
        }
        let consequence = self.offenders.borrow_mut().note(Origin::of(address), count, Instant::now());
        if let Some(time) = consequence.refused {
            tracing::info!(remote = %address, seconds = time.as_secs(), "refused for a while");
        }
        consequence.delay
    }

    /// Those that the administrator named: a webmail's users must neither be locked out nor slowed down by one of them.
    fn never_blocks(&self, address: IpAddr) -> bool {
        self.book.borrow().limits().never_block.contain(address)
    }

    fn mistaken(&self, address: IpAddr) -> Duration {
        if self.never_blocks(address) {
            return Duration::ZERO;
        }
        self.offenders.borrow_mut().mistake(Origin::of(address), Instant::now())
    }

    fn refuse(&self, address: IpAddr, time: Duration) {
        self.offenders.borrow_mut().refuse(Origin::of(address), time, Instant::now());
    }

    fn leave(&self, ticket: Ticket) {
        self.seats.borrow_mut().remove(&ticket);
        let mut book = self.book.borrow_mut();
        book.leave(ticket);
        let half = usize::try_from(book.limits().connections / 2).unwrap_or(usize::MAX);
        if book.present() <= half {
            self.full.set(false);
        }
        drop(book);
        self.left.notify_waiters();
    }
}
