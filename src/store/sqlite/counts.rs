//! How many users of each kind there are, and when runs last succeeded.

use jiff::{SignedDuration, Timestamp};

use super::Reader;
use crate::store::{Command, StoreError, UserCounts, View};
use crate::user::Status;

impl Reader {
    /// Counts the users, from indexes.
    pub(super) fn count_users(&self) -> Result<UserCounts, StoreError> {
        let _unchanging = self.hold_still()?;
        let imported = self.imported_of_all()?;
        let local = self.user_count()?.saturating_sub(imported);
        let mut directory = Vec::new();
        let mut others = 0;
        for status in Status::ALL.into_iter().filter(|it| *it != Status::Ok) {
            let count = self.imported_with_status(status)?;
            others += count;
            directory.push((status, count));
        }
        directory.insert(0, (Status::Ok, imported.saturating_sub(others)));
        Ok(UserCounts { local, directory })
    }

    fn imported_with_status(&self, status: Status) -> Result<u64, StoreError> {
        let query =
            "SELECT count(*) FROM users WHERE status = ?1 AND status <> 'ok' AND guid IS NOT NULL";
        self.count(query, [status.name()])
    }

    /// When a command last succeeded; for sync, only runs over all users count.
    pub(super) fn read_last_success(
        &self,
        command: Command,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = "SELECT started_at, duration_ms FROM runs
             WHERE command = ?1 AND outcome IN ('done', 'partial')
                AND (command <> 'sync' OR mode <> 'selected')
             ORDER BY id DESC LIMIT 1";
        let found = self.rows(query, [command.name()], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?))
        })?;
        Ok(found.into_iter().next().and_then(|(began, milliseconds)| {
            let began: Timestamp = began.parse().ok()?;
            began
                .checked_add(SignedDuration::from_millis(milliseconds))
                .ok()
        }))
    }
}
