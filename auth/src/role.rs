//! The role from its start to its end.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use ipc::control::{Control, Event};
use ipc::exit::{Exit, Failure};
use ipc::peers::Service;
use ipc::service::control::Hello;
use ipc::slice::RoleConfig;
use sandbox::startup::{self, Started};

use crate::auth::Auth;
use crate::hashing::Pool;
use crate::wiring::Wiring;
use crate::{database, store};

/// How often it is looked whether something is still under way, while draining.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// Makes the threads that hash; after the lock-down there can be no more. From here on a panic ends the role, on
/// whichever thread: the master starts a new one, and the database is as committed.
///
/// # Errors
/// When a thread cannot be made.
pub fn prepare(_hello: &Hello) -> io::Result<Pool> {
    startup::abort_on_panic();
    Pool::start()
}

/// Runs the locked-down role until it is drained.
///
/// # Errors
/// When the database is of no use, or the master is gone.
pub async fn serve(started: Started<Pool>) -> Result<(), Failure> {
    let RoleConfig::Auth(config) = started.config else {
        return Err(Failure::new(Exit::Software, "a slice of another role"));
    };
    let gauge = started.control.gauge();
    let auth = Auth::open(Path::new(database::PATH), config, started.prepared, gauge)?;
    run(started.control, auth).await
}

/// Does what the master says. Needs a local task set.
///
/// # Errors
/// When the master is gone or out of phase.
pub async fn run(mut control: Control, auth: Rc<Auth>) -> Result<(), Failure> {
    let mut wiring = Wiring::new(Rc::clone(&auth));
    auth.store.sessions.on_starving(control.plea(Service::Sessions));
    // of a configuration that is not yet in force
    let mut prepared = None;
    let settling = tokio::task::spawn_local(store::settle_all(Rc::clone(&auth)));
    loop {
        match control.next().await? {
            Event::Peer { service, peer, serves, socket } => wiring.peer(service, peer, serves, socket)?,
            Event::Serve => control.ready().await?,
            Event::Admin { permission, socket } => wiring.admin(permission, socket),
            Event::Drain { within } => {
                // the next start goes on with it
                settling.abort();
                return drain(control, &auth, within).await;
            }
            Event::Prepare { config, .. } => {
                let outcome = auth.prepare(config);
                control.answer(outcome.as_ref().map(drop).map_err(|refusal| *refusal)).await?;
                prepared = outcome.ok();
            }
            Event::Commit => {
                if let Some(config) = prepared.take() {
                    auth.commit(&config);
                }
            }
            Event::Abort => prepared = None,
            Event::Listener { .. } | Event::Unlisten { .. } | Event::Retire => {
                return Err(Failure::new(Exit::Software, "what only readers are told"));
            }
        }
    }
}

/// Waits until every question is answered, then says so. New ones are still answered: who asks drains before us.
async fn drain(mut control: Control, auth: &Auth, within: Duration) -> Result<(), Failure> {
    let finished = tokio::time::timeout(within, quiet(auth));
    tokio::pin!(finished);
    loop {
        tokio::select! {
            outcome = &mut finished => {
                if outcome.is_err() {
                    tracing::warn!(open = auth.gauge.open(), "ended before every question was answered");
                }
                return control.drained().await;
            }
            // pings are answered on the way; there are no new channels any more
            event = control.next() => drop(event?),
        }
    }
}

/// Twice in a row nothing was under way: in between, the replies have left.
async fn quiet(auth: &Auth) {
    let mut looks = 0;
    while looks < 2 {
        tokio::time::sleep(DRAIN_LOOK).await;
        looks = if auth.gauge.open() == 0 { looks + 1 } else { 0 };
    }
}
