//! Usernames by prefix, for shell completion.

use rusqlite::params;

use super::Reader;
use crate::store::{Known, StoreError};
use crate::user::Folded;

/// Selects candidates: those from `users` have the prefix (`?1` to `?2`), others may not.
fn query(known: Known) -> &'static str {
    match known {
        Known::Stored => {
            "SELECT username FROM users WHERE username_folded >= ?1 AND username_folded < ?2"
        }
        Known::Imported => {
            "SELECT username FROM users
             WHERE username_folded >= ?1 AND username_folded < ?2 AND guid IS NOT NULL"
        }
        Known::Deleted => {
            "SELECT DISTINCT username FROM changes
             WHERE action = 'deleted' AND user_id NOT IN (SELECT id FROM users)
               AND ?1 <= ?2"
        }
        Known::Ever => {
            "SELECT username FROM users WHERE username_folded >= ?1 AND username_folded < ?2
             UNION SELECT username FROM changes"
        }
    }
}

impl Reader {
    /// The usernames with this prefix, in any case, in order.
    pub(super) fn known_usernames(
        &self,
        prefix: &str,
        known: Known,
        limit: Option<usize>,
    ) -> Result<Vec<String>, StoreError> {
        let first = Folded::new(prefix);
        // Sorts after everything with the prefix.
        let end = format!("{}{}", first.as_str(), char::MAX);
        let begins = |name: &str| Folded::new(name).as_str().starts_with(first.as_str());
        let mut names = self
            .db
            .prepare(query(known))
            .and_then(|mut statement| {
                let names = statement
                    .query_map(params![first.as_str(), end], |row| row.get::<_, String>(0))?;
                names
                    .filter(|name| name.as_ref().map_or(true, |name| begins(name)))
                    .take(limit.unwrap_or(usize::MAX))
                    .collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(self.failed("read"))?;
        names.sort_by_cached_key(|name| Folded::new(name));
        Ok(names)
    }
}
