//! Planning again after another program wrote to the store while the directory was being read.

use std::collections::HashMap;

use super::{FailedUser, Findings, Plan, Wanted};
use crate::user::{StoredUser, UserId};

/// Why a user fails whose row is no longer what was compared.
const CHANGED_MEANWHILE: &str =
    "another program changed this user while the directory was read; the next run tries again";

impl Plan {
    /// The findings without the users whose rows have changed since: those fail. Each comes with its
    /// current row, if that still belongs to an imported user.
    pub fn without(self, changed: &HashMap<UserId, Option<StoredUser>>) -> Findings {
        // Destructured, so that a new bucket does not compile until it is handled here.
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
            refreshed,
            changed: modified,
            new: imported,
            deletions: deleted,
            out_of_scope,
            missing,
            failed,
            foreign,
            sample,
        };
        for it in duplicate {
            match it.wanted {
                Wanted::Changed(it) => findings.changed.push(*it),
                Wanted::New(it) => findings.new.push(*it),
            }
        }
        let mut overtaken = Vec::new();
        let mut keep = |user: &StoredUser, is_seen: bool| {
            let now = changed.get(&user.id);
            // Nothing is written about a user the directory did not return: it would look as if it had been seen.
            let row = now.filter(|_| is_seen).cloned().flatten();
            overtaken.extend(now.map(|_| failed_user(user, row)));
            now.is_none()
        };
        findings.deletions.retain(|it| keep(&it.user, false));
        findings.missing.retain(|it| keep(&it.user, false));
        findings.refreshed.retain(|it| keep(&it.user, true));
        findings.changed.retain(|it| keep(&it.user, true));
        findings.out_of_scope.retain(|it| keep(&it.user, true));
        let failed = &mut findings.failed;
        failed.retain(|it| it.user.as_ref().is_none_or(|it| keep(it, true)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Holder, Holders, Import, Return, plan};
    use crate::user::{Folded, ObjectGuid, Origin, Profile, UniqueField, Values};

    #[test]
    fn a_newcomer_that_was_a_duplicate_comes_back_as_it_was() {
        let profile = Profile {
            username: "ann",
            ..Profile::default()
        };
        let guid = ObjectGuid::from_bytes([7; 16]);
        let origin = Origin::Directory { guid, dn: "CN=Ann" };
        let values = Values {
            profile,
            enabled: true,
        };
        let mut newcomer = Import::new(&origin, &values);
        let domain = Some(crate::user::DomainId(3));
        newcomer.returns = Some(Box::new(Return::As(UserId(5), domain)));
        newcomer.expires = Some(jiff::Timestamp::UNIX_EPOCH);
        newcomer.arrival = 9;
        let findings = Findings {
            new: vec![newcomer.clone()],
            ..Findings::default()
        };
        let mut holders = Holders::default();
        let holder = Holder {
            id: Some(UserId(1)),
            username: "Ann".to_owned(),
            origin: Origin::Local,
        };
        holders.insert(UniqueField::Username, Folded::new("ann"), holder);
        let plan = plan(findings, &holders);
        assert_eq!(plan.duplicate.len(), 1);
        assert_eq!(plan.without(&HashMap::new()).new, [newcomer]);
    }
}
