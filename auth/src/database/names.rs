//! Names that go before what a wider one covers: accounts and aliases within a domain, or beneath an address.

use ipc::mail::Address;
use rusqlite::params;

use super::{Database, DatabaseError};

impl Database {
    /// The accounts and aliases that an address would otherwise cover, at most `limit`: of a domain's catch-all, whose local
    /// part is empty, those of the domain, itself among them; else its subaddresses (RFC 5233).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn names_beneath(&self, address: &Address, limit: usize) -> Result<Vec<String>, DatabaseError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let Address { local, domain } = address;
        if local.is_empty() {
            let mut statement = self.connection.prepare_cached(
                "SELECT address FROM accounts WHERE domain = ?1
                 UNION ALL SELECT DISTINCT alias FROM aliases WHERE domain = ?1 LIMIT ?2",
            )?;
            let rows = statement.query_map(params![domain, limit], |row| row.get(0))?;
            return Ok(rows.collect::<Result<_, _>>()?);
        }
        // By the names' own order, whatever the planner thinks of domains; a comma comes next after a plus sign.
        let mut statement = self.connection.prepare_cached(
            "SELECT address FROM accounts WHERE address >= ?1 AND address < ?2 AND +domain = ?3
             UNION ALL SELECT DISTINCT alias FROM aliases WHERE alias >= ?1 AND alias < ?2 AND +domain = ?3 LIMIT ?4",
        )?;
        let (first, behind) = (format!("{local}+"), format!("{local},"));
        let rows = statement.query_map(params![first, behind, domain, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
