//! What the services of the role share.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use ipc::control::Gauge;
use ipc::exit::{Exit, Failure};
use ipc::mail::Seconds;
use ipc::service::control::ReloadRefusal;
use ipc::slice::{AuthConfig, RoleConfig};
use tokio::sync::Semaphore;

use crate::credentials::Credentials;
use crate::database::{Database, DatabaseError};
use crate::guessing::Guessing;
use crate::hashing::Pool;
use crate::store::Store;

/// Wrong answers that are kept back at once, of all workers; more come when they can. A worker has more places than that.
const LATE_MAX: usize = 1024;

/// The accounts, and what they are served with.
pub struct Auth {
    /// Who there is.
    pub database: Database,
    /// Who may log in.
    pub credentials: Rc<Credentials>,
    /// Who guesses.
    pub guessing: RefCell<Guessing>,
    /// Places for wrong answers that come late.
    pub late: Semaphore,
    /// The store.
    pub store: Store,
    /// The configured domain: always ours, and what a login without a domain means.
    pub domain: String,
    /// Counts the questions that are being answered.
    pub gauge: Arc<Gauge>,
}

impl Auth {
    /// Opens the database and makes everything ready to be asked.
    ///
    /// # Errors
    /// When the database is of no use; the failure says what to do.
    pub fn open(path: &Path, config: AuthConfig, pool: Pool, gauge: Arc<Gauge>) -> Result<Rc<Self>, Failure> {
        let domain = crate::address::parse_domain(&config.domain)
            .map_err(|error| Failure::new(Exit::Config, format!("the configured domain: {error}")))?;
        let database = Database::open(path, &domain).map_err(unopened)?;
        let credentials = Credentials::new(pool).map_err(|error| Failure::system("random bytes", error))?;
        Ok(Rc::new(Auth {
            database,
            credentials: Rc::new(credentials),
            guessing: RefCell::new(Guessing::new(&config)),
            late: Semaphore::new(LATE_MAX),
            store: Store::default(),
            domain,
            gauge,
        }))
    }

    /// Whether the role can go on with a new slice: the domain stands in the database since the start.
    ///
    /// # Errors
    /// [`ReloadRefusal::Restart`] when the domain is another.
    pub fn prepare(&self, config: RoleConfig) -> Result<AuthConfig, ReloadRefusal> {
        match config {
            RoleConfig::Auth(config) if config.domain == self.domain => Ok(config),
            _ => Err(ReloadRefusal::Restart),
        }
    }

    /// Goes on with a slice that was [prepared](Auth::prepare).
    pub fn commit(&self, config: &AuthConfig) {
        self.guessing.borrow_mut().set(config);
    }
}

/// Seconds since 1970 UTC.
#[must_use]
pub fn now() -> Seconds {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Seconds::try_from(since.as_secs()).unwrap_or(Seconds::MAX)
}

fn unopened(error: DatabaseError) -> Failure {
    let exit = match error {
        DatabaseError::Damaged(_) | DatabaseError::Newer { .. } | DatabaseError::Range(_) => Exit::DataError,
        DatabaseError::File { .. } => Exit::CannotCreate,
        DatabaseError::Sqlite(_) => Exit::IoError,
    };
    Failure::new(exit, error.to_string())
}
