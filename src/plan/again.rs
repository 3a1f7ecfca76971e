//! Planning again, after another program wrote to the store while the directory was read.

use std::collections::HashMap;

use super::{Changed, FailedUser, Findings, Import, Plan};
use crate::user::{StoredUser, UserId};

/// Why a user is failed whose row is not any more what was compared.
const CHANGED_MEANWHILE: &str =
    "another program changed this user while the directory was read; the next run tries again";

impl Plan {
    /// What was found, without the users whose rows are others by now: those are failed. Each of them comes with its
    /// row as it is, if that is still one of an imported user.
    pub fn without(self, changed: &HashMap<UserId, Option<StoredUser>>) -> Findings {
        // Every bucket goes back to where it came from: a new one does not compile until it does.
        let Self {
            unchanged,
            refreshed,
            imported,
            modified,
            deleted,
            duplicate,
            out_of_scope,
            missing,
            failed,
            foreign,
            sample,
        } = self;
        let mut findings = Findings {
            unchanged,
            new: imported,
            foreign,
            sample,
            ..Findings::default()
        };
        let mut overtaken = Vec::new();
        let mut is_as_seen = |user: &StoredUser| {
            let now = changed.get(&user.id);
            overtaken.extend(now.map(|now| failed_user(user, now.clone())));
            now.is_none()
        };
        findings.refreshed = refreshed;
        findings.refreshed.retain(|it| is_as_seen(&it.user));
        findings.deletions = deleted;
        findings.deletions.retain(|it| is_as_seen(&it.user));
        findings.out_of_scope = out_of_scope;
        findings.out_of_scope.retain(|it| is_as_seen(&it.user));
        findings.missing = missing;
        findings.missing.retain(|it| is_as_seen(&it.user));
        findings.failed = failed;
        findings
            .failed
            .retain(|it| it.user.as_ref().is_none_or(&mut is_as_seen));
        for it in modified {
            if is_as_seen(&it.user) {
                let (user, next) = (it.user, it.next);
                findings.changed.push(Changed { user, next });
            }
        }
        for it in duplicate {
            match (it.user, it.next) {
                (Some(user), Some(next)) => {
                    if is_as_seen(&user) {
                        findings.changed.push(Changed { user, next });
                    }
                }
                _ => findings.new.push(Import::new(&it.origin, &it.wanted)),
            }
        }
        findings.failed.append(&mut overtaken);
        findings
    }
}

fn failed_user(user: &StoredUser, now: Option<StoredUser>) -> FailedUser {
    FailedUser {
        user: now,
        ..FailedUser::of(user.clone(), CHANGED_MEANWHILE.to_owned())
    }
}
