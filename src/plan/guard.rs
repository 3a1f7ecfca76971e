//! The guard: what stands between a plan and the store.
//!
//! A filter with a typo, a half-restored domain controller or a lost right looks like people who left, or like fields
//! that were emptied. No rule can tell them apart for certain, so a plan that does more than usual needs an
//! administrator who confirms the number.

use std::fmt;

use super::{Evidence, FailedUser, Plan, Sample};
use crate::user::Field;

/// The least a percentage can come to: in a small store one departure is a large percentage.
const SMALLEST_SHARE: u64 = 5;
/// The same for modified users.
const SMALLEST_SHARE_MODIFIED: u64 = 20;

/// How many users a run may affect without confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// A number of users.
    Number(u64),
    /// A percentage, rounded up.
    Percent(u8),
}

impl Limit {
    /// What the limit comes to for that many users; a percentage above zero is never below `smallest`.
    fn of(self, users: u64, smallest: u64) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Percent(0) => 0,
            Self::Percent(percent) => {
                let share = (u128::from(users) * u128::from(percent)).div_ceil(100);
                u64::try_from(share).unwrap_or(u64::MAX).max(smallest)
            }
        }
    }

    /// The smallest population out of which it lets that many users through.
    fn population_for(self, users: u64, smallest: u64) -> u64 {
        match self {
            Self::Number(_) | Self::Percent(0) => 0,
            Self::Percent(_) if users <= smallest => 0,
            // One more than the most users whose percentage, rounded up, is one less.
            Self::Percent(percent) => (users - 1).saturating_mul(100) / u64::from(percent) + 1,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// The guard's limits, from the settings.
#[derive(Clone, Copy, Debug)]
pub struct GuardLimits {
    /// Deleted users.
    pub deletes: Limit,
    /// Users who lose the value of a field.
    pub cleared: Limit,
    /// Disabled users.
    pub disabled: Limit,
    /// Modified users.
    pub modified: Limit,
    /// Newly missing users.
    pub missing: Limit,
}

/// The numbers that the administrator confirmed (`--allow-deletes` and its siblings).
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Deletions.
    pub deletes: Option<u64>,
    /// Users who lose the value of a field; one number for every field over the limit.
    pub cleared: Vec<u64>,
    /// Disabled users.
    pub disabled: Option<u64>,
    /// Modified users.
    pub modified: Option<u64>,
    /// Newly missing users.
    pub missing: Option<u64>,
}

impl Allowed {
    fn has(&self, subject: Subject, users: u64) -> bool {
        match subject {
            Subject::Deleted => self.deletes == Some(users),
            Subject::Cleared(_) => self.cleared.contains(&users),
            Subject::Disabled => self.disabled == Some(users),
            Subject::Modified => self.modified == Some(users),
            Subject::Missing => self.missing == Some(users),
        }
    }
}

/// What the percentages are of: the domain's imported users before the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// All of them.
    pub imported: u64,
    /// Those that are enabled.
    pub enabled: u64,
    /// Those with a value, in the order of [`Field::OPTIONAL`].
    pub with_value: [u64; Field::OPTIONAL.len()],
}

/// What the runs of the last seven days did without confirmation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Users that they deleted.
    pub deleted: u64,
    /// Users that they disabled.
    pub disabled: u64,
}

/// What a limit applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Deleted users.
    Deleted,
    /// Users who lose the value of this field.
    Cleared(Field),
    /// Disabled users.
    Disabled,
    /// Modified users.
    Modified,
    /// Newly missing users.
    Missing,
}

impl Subject {
    /// Its name in the settings (`max_deletes`) and wherever a number is allowed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deletes",
            Self::Cleared(_) => "cleared",
            Self::Disabled => "disabled",
            Self::Modified => "modified",
            Self::Missing => "missing",
        }
    }
}

/// How many users a plan affects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Users who would be deleted.
    pub deleted: u64,
    /// Users who would lose a value, in the order of [`Field::OPTIONAL`].
    pub cleared: [u64; Field::OPTIONAL.len()],
    /// Users who would be disabled.
    pub disabled: u64,
    /// Users who would be modified.
    pub modified: u64,
    /// Users who would newly go missing.
    pub missing: u64,
}

impl Impact {
    /// Of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut impact = Self {
            deleted: plan.deleted.len() as u64,
            modified: plan.modified.len() as u64,
            missing: plan.missing.iter().filter(|it| it.is_new()).count() as u64,
            ..Self::default()
        };
        for it in &plan.modified {
            let (before, after) = (&it.user.values, &it.next.values);
            impact.disabled += u64::from(before.enabled && !after.enabled);
            for (count, field) in impact.cleared.iter_mut().zip(Field::OPTIONAL) {
                let [before, after] = [before, after].map(|it| it.profile.get(field));
                *count += u64::from(before.is_some() && after.is_none());
            }
        }
        impact
    }

    /// Whether any limit applies.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The numbers above zero.
    fn numbers(&self) -> impl Iterator<Item = (Subject, u64)> {
        let fields = Field::OPTIONAL.into_iter();
        let cleared = fields.map(Subject::Cleared).zip(self.cleared);
        [(Subject::Deleted, self.deleted)]
            .into_iter()
            .chain(cleared)
            .chain([
                (Subject::Disabled, self.disabled),
                (Subject::Missing, self.missing),
                (Subject::Modified, self.modified),
            ])
            .filter(|(_, users)| *users > 0)
    }
}

/// The rule that a plan is held to.
#[derive(Clone, Debug)]
pub struct Guard {
    /// What passes without confirmation.
    pub limits: GuardLimits,
    /// What the administrator confirmed.
    pub allowed: Allowed,
    /// Whether the administrator named the users one by one, and so means what happens to them.
    pub is_meant: bool,
    /// What the percentages are of.
    pub population: Population,
    /// What the last seven days add.
    pub recent: Recent,
}

/// A plan that the guard let through. Only such a plan can be applied.
#[derive(Debug)]
pub struct Approved {
    plan: Plan,
    unsaid: Recent,
}

impl Approved {
    /// The plan, to inspect before it is applied.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan, no longer approved: whoever takes it has applied it, or never will.
    pub fn into_plan(self) -> Plan {
        self.plan
    }

    /// What of it no administrator confirmed, which counts in the runs of the next days.
    pub fn unsaid(&self) -> Recent {
        self.unsaid
    }

    /// The same plan, from a command that an administrator typed to do exactly this.
    #[must_use]
    pub fn with_all_said(mut self) -> Self {
        self.unsaid = Recent::default();
        self
    }

    /// The same plan, after an administrator confirmed its deletions.
    #[must_use]
    pub fn with_deletions_said(mut self) -> Self {
        self.unsaid.deleted = 0;
        self
    }
}

/// Why the guard refused a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// More than the settings allow.
    TooMany {
        /// What is too much.
        subject: Subject,
        /// Users affected by the plan.
        users: u64,
        /// Users affected in the last seven days.
        recent: u64,
        /// The setting.
        setting: Limit,
        /// The number that the setting comes to.
        limit: u64,
        /// What it is a percentage of.
        of: u64,
    },
    /// Every user of the run would be deleted.
    Everyone {
        /// Deletions in the plan.
        deletions: u64,
    },
}

impl Refusal {
    /// What the refusal is about.
    pub fn subject(&self) -> Subject {
        match *self {
            Self::TooMany { subject, .. } => subject,
            Self::Everyone { .. } => Subject::Deleted,
        }
    }

    /// The number to confirm if the plan is intended.
    pub fn users(&self) -> u64 {
        match *self {
            Self::TooMany { users, .. } => users,
            Self::Everyone { deletions } => deletions,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooMany {
            subject,
            users,
            recent,
            setting,
            limit,
            of,
        } = *self
        else {
            return write!(f, "all {} users of this run would be deleted", self.users());
        };
        let who = counted(users, "user");
        match subject {
            Subject::Deleted => write!(f, "{who} would be deleted")?,
            Subject::Cleared(field) => write!(f, "{who} would lose {}", named(field))?,
            Subject::Disabled => write!(f, "{who} would be disabled")?,
            Subject::Modified => write!(f, "{who} would be modified")?,
            Subject::Missing => write!(f, "{who} would be newly missing")?,
        }
        if recent > 0 {
            write!(f, ", after {recent} in the last 7 days")?;
        }
        let base = match subject {
            Subject::Cleared(field) => {
                format!(
                    "{} with {}",
                    counted(of, "imported user"),
                    indefinite(field)
                )
            }
            Subject::Disabled => counted(of, "enabled imported user"),
            _ => counted(of, "imported user"),
        };
        let name = subject.name();
        write!(f, "; max_{name} = {setting} lets {limit} of {base} through")
    }
}

/// `the email address`
fn named(field: Field) -> String {
    match field {
        Field::Email => "the email address".to_owned(),
        Field::Enabled => "the mark that the account is enabled".to_owned(),
        _ => format!("the {}", field.label()),
    }
}

/// A field as one of several: `an email address`.
pub fn indefinite(field: Field) -> String {
    let name = named(field);
    let name = name.trim_start_matches("the ");
    let article = if field == Field::Email { "an" } else { "a" };
    format!("{article} {name}")
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

impl Guard {
    /// The rule for a run that deletes exactly the users an administrator named, or nobody.
    pub fn exactly(deletions: u64) -> Self {
        let none = Limit::Number(0);
        Self {
            limits: GuardLimits {
                deletes: none,
                cleared: Limit::Number(u64::MAX),
                disabled: Limit::Number(u64::MAX),
                modified: Limit::Number(u64::MAX),
                missing: none,
            },
            allowed: Allowed {
                deletes: Some(deletions),
                ..Allowed::default()
            },
            is_meant: false,
            population: Population::default(),
            recent: Recent::default(),
        }
    }

    /// Approves the plan, or returns it with the reason why not.
    pub fn approve(&self, plan: Plan) -> Result<Approved, (Refusal, Box<Plan>)> {
        let impact = Impact::of(&plan);
        match self.objection(&plan, &impact) {
            None => Ok(Approved {
                unsaid: self.unsaid(&plan, &impact),
                plan,
            }),
            Some(refusal) => Err((refusal, Box::new(plan))),
        }
    }

    fn objection(&self, plan: &Plan, impact: &Impact) -> Option<Refusal> {
        if self.is_meant {
            return None;
        }
        impact
            .numbers()
            .filter(|(subject, users)| !self.allowed.has(*subject, *users))
            .find_map(|(subject, users)| {
                self.too_many(subject, users)
                    .or_else(|| everyone(subject, users, plan))
            })
    }

    /// The smallest population out of which a plan of this impact passes, if all of them are enabled and have a value
    /// in every field. More users never lower a limit, so a plan that passes with some of them
    /// passes with all.
    pub fn population_for(&self, impact: &Impact) -> u64 {
        let needed = impact.numbers().map(|(subject, users)| {
            let (setting, _, recent, smallest) = self.rule(subject);
            setting.population_for(users.saturating_add(recent), smallest)
        });
        needed.max().unwrap_or_default()
    }

    /// The setting for a subject, what it is a percentage of, what the last seven days add, and the least a
    /// percentage comes to.
    fn rule(&self, subject: Subject) -> (Limit, u64, u64, u64) {
        let GuardLimits {
            deletes,
            cleared,
            disabled,
            modified,
            missing,
        } = self.limits;
        let Population {
            imported,
            enabled,
            with_value,
        } = self.population;
        match subject {
            Subject::Deleted => (deletes, imported, self.recent.deleted, SMALLEST_SHARE),
            Subject::Cleared(field) => (cleared, of(&with_value, field), 0, SMALLEST_SHARE),
            Subject::Disabled => (disabled, enabled, self.recent.disabled, SMALLEST_SHARE),
            Subject::Modified => (modified, imported, 0, SMALLEST_SHARE_MODIFIED),
            Subject::Missing => (missing, imported, 0, SMALLEST_SHARE),
        }
    }

    fn too_many(&self, subject: Subject, users: u64) -> Option<Refusal> {
        let (setting, of, recent, smallest) = self.rule(subject);
        let limit = setting.of(of, smallest);
        (users.saturating_add(recent) > limit).then_some(Refusal::TooMany {
            subject,
            users,
            recent,
            setting,
            limit,
            of,
        })
    }

    /// What of the plan no administrator confirmed.
    fn unsaid(&self, plan: &Plan, impact: &Impact) -> Recent {
        let is_said = |subject, users| self.is_meant || self.allowed.has(subject, users);
        let named = |it: &&super::Deletion| it.evidence == Evidence::Removed;
        let deleted = impact.deleted - plan.deleted.iter().filter(named).count() as u64;
        let unless_said = |subject, users: u64| if is_said(subject, users) { 0 } else { users };
        Recent {
            deleted: unless_said(Subject::Deleted, deleted),
            disabled: unless_said(Subject::Disabled, impact.disabled),
        }
    }
}

/// Whether every user of a run of two or more would be deleted.
fn everyone(subject: Subject, users: u64, plan: &Plan) -> Option<Refusal> {
    // An entry that belongs to nobody in the store is not a user who would remain.
    let strangers = FailedUser::strangers(&plan.failed);
    let is_everyone = subject == Subject::Deleted && users >= 2;
    (is_everyone && users == plan.checked() - strangers)
        .then_some(Refusal::Everyone { deletions: users })
}

impl Sample {
    /// Whether none of the users read had a value.
    pub fn has_nobody_with(&self, field: Field) -> bool {
        of(&self.with_value, field) == 0
    }
}

/// The number of a field among those of [`Field::OPTIONAL`].
fn of(numbers: &[u64], field: Field) -> u64 {
    let mut pairs = Field::OPTIONAL.into_iter().zip(numbers);
    pairs.find(|(of, _)| *of == field).map_or(0, |(_, it)| *it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Deletion, Missing, Update};
    use crate::user::{Origin, Profile, Status, StoredUser, Tracking, UserId, Values};

    fn user(id: i64) -> StoredUser {
        StoredUser {
            id: UserId(id),
            origin: Origin::Local,
            values: Values {
                profile: Profile {
                    email: Some("a@x".to_owned()),
                    ..Profile::default()
                },
                enabled: true,
            },
            status: Status::Ok,
            synced_at: None,
            tracking: Tracking::default(),
        }
    }

    fn plan(deletions: i64, unchanged: u64) -> Plan {
        let deletion = |id| Deletion {
            user: user(id),
            evidence: Evidence::Absent,
        };
        Plan {
            unchanged,
            deleted: (0..deletions).map(deletion).collect(),
            ..Plan::default()
        }
    }

    /// This many users, changed like this.
    fn changing(users: i64, change: impl Fn(&mut StoredUser)) -> Plan {
        let modification = |id| {
            let user = user(id);
            let mut next = user.clone();
            change(&mut next);
            Update { user, next }
        };
        Plan {
            unchanged: 1,
            modified: (0..users).map(modification).collect(),
            ..Plan::default()
        }
    }

    fn guard(limit: Limit, users: u64) -> Guard {
        Guard {
            limits: GuardLimits {
                deletes: limit,
                cleared: limit,
                disabled: limit,
                modified: limit,
                missing: limit,
            },
            allowed: Allowed::default(),
            is_meant: false,
            population: Population {
                imported: users,
                enabled: users,
                with_value: [users; 4],
            },
            recent: Recent::default(),
        }
    }

    fn lets(limit: Limit, allow: Option<u64>, deletions: i64, unchanged: u64) -> bool {
        let mut guard = guard(limit, unchanged + deletions.unsigned_abs());
        guard.allowed.deletes = allow;
        guard.approve(plan(deletions, unchanged)).is_ok()
    }

    #[test]
    fn a_share_is_rounded_up_and_never_below_five() {
        let ten = |users| Limit::Percent(10).of(users, SMALLEST_SHARE);
        assert_eq!([0, 50, 51, 60, 61].map(ten), [5, 5, 6, 6, 7]);
        assert_eq!(Limit::Percent(100).of(u64::MAX, 5), u64::MAX);
        assert_eq!(Limit::Percent(0).of(1000, 5), 0);
        assert_eq!(Limit::Percent(50).of(10, SMALLEST_SHARE_MODIFIED), 20);
    }

    #[test]
    fn the_limit_itself_is_let_through_and_one_more_is_not() {
        assert!(lets(Limit::Percent(10), None, 5, 45));
        assert!(!lets(Limit::Percent(10), None, 6, 44));
        assert!(lets(Limit::Number(2), None, 2, 1));
        assert!(!lets(Limit::Number(2), None, 3, 1000));
        assert!(!lets(Limit::Number(0), None, 1, 1000));
        assert!(!lets(Limit::Percent(0), None, 1, 1000));
    }

    #[test]
    fn a_run_in_which_everybody_would_be_deleted_is_refused() {
        assert!(!lets(Limit::Number(100), None, 2, 0));
        assert!(lets(Limit::Number(100), None, 2, 1));
        assert!(lets(Limit::Number(100), None, 1, 0));
    }

    #[test]
    fn only_the_very_number_overrules() {
        for (allowed, through) in [(24, false), (25, true), (26, false)] {
            assert_eq!(lets(Limit::Percent(10), Some(allowed), 25, 25), through);
            assert_eq!(lets(Limit::Number(100), Some(allowed), 25, 0), through);
        }
    }

    #[test]
    fn what_is_usual_needs_no_number() {
        assert!(lets(Limit::Percent(10), Some(3), 1, 50));
        assert!(lets(Limit::Number(0), Some(3), 0, 50));
    }

    #[test]
    fn who_says_the_number_gets_no_other() {
        for (allowed, deletions) in [(0, 1), (1, 2), (2, 1), (9, 100)] {
            let result = Guard::exactly(allowed).approve(plan(deletions, 200));
            assert!(result.is_err(), "{allowed} {deletions}");
        }
        assert!(Guard::exactly(2).approve(plan(2, 0)).is_ok());
    }

    fn refused(guard: &Guard, plan: Plan) -> Option<(Subject, u64)> {
        let refusal = guard.approve(plan).err().map(|(refusal, _)| refusal)?;
        Some((refusal.subject(), refusal.users()))
    }

    #[test]
    fn every_kind_of_change_has_its_limit() {
        let clear = |it: &mut StoredUser| it.values.profile.email = None;
        let disable = |it: &mut StoredUser| it.values.enabled = false;
        let rename = |it: &mut StoredUser| it.values.profile.username = "b".to_owned();
        let ten = guard(Limit::Percent(10), 30);
        assert_eq!(refused(&ten, changing(5, clear)), None);
        assert_eq!(
            refused(&ten, changing(6, clear)),
            Some((Subject::Cleared(Field::Email), 6))
        );
        assert_eq!(refused(&ten, changing(5, disable)), None);
        assert_eq!(
            refused(&ten, changing(6, disable)),
            Some((Subject::Disabled, 6))
        );
        assert_eq!(refused(&ten, changing(20, rename)), None);
        assert_eq!(
            refused(&ten, changing(21, rename)),
            Some((Subject::Modified, 21))
        );
    }

    #[test]
    fn users_who_were_missing_already_are_not_newly_missing() {
        let missing = |status| {
            let miss = |id| Missing {
                user: StoredUser { status, ..user(id) },
                next: user(id),
            };
            Plan {
                missing: (0..6).map(miss).collect(),
                ..Plan::default()
            }
        };
        let ten = guard(Limit::Percent(10), 30);
        assert_eq!(
            refused(&ten, missing(Status::Ok)),
            Some((Subject::Missing, 6))
        );
        assert_eq!(refused(&ten, missing(Status::Missing)), None);
    }

    #[test]
    fn each_field_is_allowed_by_its_own_number() {
        let clear = |it: &mut StoredUser| it.values.profile.email = None;
        let mut ten = guard(Limit::Percent(10), 30);
        for (allowed, through) in [(vec![6], true), (vec![5, 6], true), (vec![7], false)] {
            ten.allowed.cleared = allowed;
            assert_eq!(refused(&ten, changing(6, clear)).is_none(), through);
        }
    }

    #[test]
    fn the_last_days_count_in() {
        let mut ten = guard(Limit::Percent(10), 30);
        ten.recent.deleted = 3;
        assert_eq!(refused(&ten, plan(2, 28)), None);
        assert_eq!(refused(&ten, plan(3, 27)), Some((Subject::Deleted, 3)));
        ten.allowed.deletes = Some(3);
        assert_eq!(refused(&ten, plan(3, 27)), None);
        ten.allowed.deletes = None;
        // A run that deletes nobody is not held up by earlier deletions.
        ten.recent.deleted = 300;
        assert_eq!(refused(&ten, plan(0, 30)), None);
    }

    #[test]
    fn what_was_said_does_not_count_in_later() {
        let mut ten = guard(Limit::Percent(10), 30);
        let unsaid = |guard: &Guard| guard.approve(plan(3, 27)).expect("let through").unsaid();
        assert_eq!(unsaid(&ten).deleted, 3);
        ten.allowed.deletes = Some(3);
        assert_eq!(unsaid(&ten).deleted, 0);
        ten.allowed.deletes = None;
        ten.is_meant = true;
        assert_eq!(unsaid(&ten).deleted, 0);
    }

    #[test]
    fn what_is_named_one_by_one_is_meant() {
        let mut none = guard(Limit::Number(0), 30);
        none.is_meant = true;
        assert_eq!(refused(&none, plan(1, 0)), None);
    }

    #[test]
    fn a_refusal_says_what_and_how_many() {
        let mut ten = guard(Limit::Percent(10), 30);
        ten.recent.deleted = 4;
        let said = |guard: &Guard, plan| {
            let refusal = guard.approve(plan).err().map(|(refusal, _)| refusal);
            refusal.map(|it| it.to_string()).unwrap_or_default()
        };
        assert_eq!(
            said(&ten, plan(2, 28)),
            "2 users would be deleted, after 4 in the last 7 days; max_deletes = 10% lets 5 of 30 imported users through"
        );
        assert_eq!(
            said(&ten, changing(6, |it| it.values.profile.email = None)),
            "6 users would lose the email address; max_cleared = 10% lets 5 of 30 imported users with an email address through"
        );
    }

    #[test]
    fn the_fewest_users_of_whom_so_many_are_let_through() {
        for percent in [1, 7, 10, 50, 99, 100] {
            let limit = Limit::Percent(percent);
            for users in 0..300 {
                let needed = limit.population_for(users, SMALLEST_SHARE);
                assert!(
                    limit.of(needed, SMALLEST_SHARE) >= users,
                    "{percent}% {users}"
                );
                let fewer = needed.checked_sub(1);
                let is_fewest = fewer.is_none_or(|it| limit.of(it, SMALLEST_SHARE) < users);
                assert!(is_fewest, "{percent}% {users}");
            }
        }
    }

    #[test]
    fn an_entry_that_is_nobodys_is_no_user_that_is_left() {
        let mut all = plan(2, 0);
        all.failed.push(crate::plan::FailedUser {
            user: None,
            guid: None,
            username: "?".to_owned(),
            dn: None,
            reason: "no objectGUID".to_owned(),
        });
        assert!(guard(Limit::Percent(10), 2).approve(all).is_err());
    }

    #[test]
    fn users_of_whom_only_the_dn_is_written_are_untouched() {
        let refreshed = vec![Update {
            user: user(1),
            next: user(1),
        }];
        let plan = Plan {
            refreshed,
            ..plan(1, 3)
        };
        assert_eq!((plan.untouched(), plan.checked()), (4, 5));
    }
}
