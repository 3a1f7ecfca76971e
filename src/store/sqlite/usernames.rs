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
        let begins = |name: &str| Folded::new(name).as_str().starts_with(first.as_str());
        let mut names = Vec::new();
        let limit = limit.unwrap_or(usize::MAX);
        self.visit_usernames(query(known), prefix, &mut |name| {
            if begins(&name) {
                names.push(name);
            }
            names.len() < limit
        })?;
        names.sort_by_cached_key(|name| Folded::new(name));
        Ok(names)
    }

    /// All usernames, in any order.
    pub(super) fn every_username(
        &self,
        known: Known,
        visit: &mut dyn FnMut(String),
    ) -> Result<(), StoreError> {
        // To find out who is there twice, the database would have to keep all of them.
        let query = query(known)
            .replace("DISTINCT ", "")
            .replace("UNION", "UNION ALL");
        self.visit_usernames(&query, "", &mut |name| {
            visit(name);
            true
        })
    }

    /// Until the visitor has enough.
    fn visit_usernames(
        &self,
        query: &str,
        prefix: &str,
        visit: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), StoreError> {
        let first = Folded::new(prefix);
        // Sorts after everything with the prefix.
        let end = format!("{}{}", first.as_str(), char::MAX);
        let mut go = || {
            let mut statement = self.db.prepare(query)?;
            let mut rows = statement.query(params![first.as_str(), end])?;
            while let Some(row) = rows.next()?
                && visit(row.get(0)?)
            {}
            Ok(())
        };
        go().map_err(self.failed("read"))
    }
}
