//! Accounts that the store has and nobody here knows, and that an administrator has said to go on without.

use ipc::mail::AccountId;

use super::accounts::row_id;
use super::{Database, DatabaseError};

impl Database {
    /// Is it an account, one on its way out, or one that was given up?
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn knows(&self, account: AccountId) -> Result<bool, DatabaseError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM accounts WHERE id = ?1 UNION ALL SELECT 1 FROM removals WHERE account = ?1
             UNION ALL SELECT 1 FROM given_up WHERE account = ?1",
        )?;
        Ok(statement.exists([row_id(account)?])?)
    }

    /// Goes on without these: all of them or, when it cannot be written, none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn give_up(&self, accounts: &[AccountId]) -> Result<(), DatabaseError> {
        let transaction = self.write()?;
        for account in accounts {
            transaction
                .prepare_cached("INSERT INTO given_up (account) VALUES (?1) ON CONFLICT DO NOTHING")?
                .execute([row_id(*account)?])?;
        }
        Ok(transaction.commit()?)
    }
}
