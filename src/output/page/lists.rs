//! The lists of a page: who was modified, deleted, is a duplicate, and so on.

use super::text::{Cell, Text};
use crate::output::report::Report;
use crate::output::table::{self, detail, local_time};
use crate::plan::{Conflict, Deletion, Duplicate, FailedUser, Import, Missing, Plan, Update};
use crate::user::{Field, Profile, UniqueField};

/// How many users of a list a page shows. More would slow a browser down.
const AT_MOST: usize = 10_000;

/// A list of users.
pub struct List {
    /// The name of the list in the page.
    pub kind: &'static str,
    pub title: &'static str,
    /// Its meaning, in a sentence.
    pub lead: &'static str,
    pub headings: &'static [&'static str],
    pub users: Vec<User>,
    /// How many there are; `users` may hold fewer.
    pub count: usize,
    /// How many are not in the page, and where to find them.
    pub more: usize,
    pub rest: String,
}

/// A user of a list, with a row for each thing to say.
pub struct User {
    pub name: Text,
    pub dn: Option<Text>,
    pub rows: Vec<Vec<Cell>>,
}

/// The lists that are not empty, those a person looks for first.
pub fn of(report: &Report<'_>) -> Vec<List> {
    let Plan {
        unchanged: _,
        refreshed: _,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope,
        missing,
        failed,
        foreign: _,
        sample: _,
    } = report.plan;
    let done = report.number.filter(|_| report.refusal.is_none());
    let [of_modified, of_deleted, of_new, of_failed] = match report.run.undoes {
        None => [MODIFIED, DELETED, IMPORTED, FAILED],
        Some(_) => [
            (MODIFIED.0, MODIFIED.1, SET_BACK, MODIFIED.3),
            (DELETED.0, DELETED.1, TAKEN_OUT, DELETED.3),
            (IMPORTED.0, "Restored", RESTORED, IMPORTED.3),
            (FAILED.0, FAILED.1, NOT_SET_BACK, FAILED.3),
        ],
    };
    let all = [
        list(of_modified, modified, done, modified_user),
        list(of_deleted, deleted, done, deleted_user),
        list(DUPLICATE, duplicate, None, duplicate_user),
        list(of_new, imported, done, new_user),
        list(OUT_OF_SCOPE, out_of_scope, None, out_of_scope_user),
        list(MISSING, missing, None, missing_user),
        list(of_failed, failed, None, failed_user),
    ];
    all.into_iter().filter(|list| list.count > 0).collect()
}

/// The name, the title, the meaning, and the headings of a list.
type Heading = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const MODIFIED: Heading = (
    "modified",
    "Modified",
    "Users that have other values in the directory than they had here.",
    &["User", "Field", "Before", "After"],
);
const DELETED: Heading = (
    "deleted",
    "Deleted",
    "Users that leave the store, and what the directory said of them.",
    &["User", "Name", "Email", "Why", "Evidence"],
);
const DUPLICATE: Heading = (
    "duplicate",
    "Duplicate",
    "Users that stay as they were, because another user has or wants what they would get.",
    &["User", "Field", "Has", "Would get", "Why not"],
);
const IMPORTED: Heading = (
    "imported",
    "Imported",
    "Users that are new in the store.",
    &["User", "Name", "Email", "Contact number"],
);
const OUT_OF_SCOPE: Heading = (
    "out_of_scope",
    "Out of scope",
    "Users that are in the directory, but not where adsync looks any more. They are kept, and kept in step.",
    &["User", "Where it is now"],
);
const MISSING: Heading = (
    "missing",
    "Missing",
    "Users that the directory did not return, which is not yet proof that they were deleted. They are kept; adsync remove takes one out.",
    &["User", "Missing since", "Why it is kept"],
);
const FAILED: Heading = (
    "failed",
    "Failed",
    "Users that stay as they were, because what the directory says of them cannot be used.",
    &["User", "Why"],
);

/// The meanings of the lists of an undo.
const SET_BACK: &str =
    "Users that have the values again that they had before the run that is taken back.";
const TAKEN_OUT: &str = "Users that leave the store: the run that is taken back brought them in.";
const RESTORED: &str = "Users that are back in the store: the run that is taken back deleted them.";
const NOT_SET_BACK: &str = "Users that stay as they are, because they were changed again since.";

fn list<T>(
    (kind, title, lead, headings): Heading,
    users: &[T],
    done: Option<i64>,
    user: impl Fn(&T) -> User,
) -> List {
    let rest = match done {
        Some(number) => format!("adsync history {number} has all of them."),
        None => "--format json has all of them.".to_owned(),
    };
    List {
        kind,
        title,
        lead,
        headings,
        users: users.iter().take(AT_MOST).map(user).collect(),
        count: users.len(),
        more: users.len().saturating_sub(AT_MOST),
        rest,
    }
}

fn user(name: &str, dn: Option<&str>, rows: Vec<Vec<Cell>>) -> User {
    User {
        name: Text::new(name),
        dn: dn.map(Text::new),
        rows,
    }
}

fn modified_user(it: &Update) -> User {
    let rows = it.changes().into_iter().map(|change| {
        let (before, after) = Cell::change(&change);
        vec![field_name(change.field), before, after]
    });
    let name = &it.user.values.profile.username;
    user(name, it.next.origin.dn(), rows.collect())
}

fn deleted_user(
    Deletion {
        user: gone,
        evidence,
    }: &Deletion,
) -> User {
    let profile = &gone.values.profile;
    let row = vec![
        full_name(profile),
        Cell::value(profile.email.as_deref()),
        Cell::text(detail::evidence(*evidence)),
        Cell::Word(evidence.name()),
    ];
    user(&profile.username, gone.origin.dn(), vec![row])
}

fn duplicate_user(it: &Duplicate) -> User {
    let rows = it.conflicts.iter().map(|conflict| {
        let Conflict {
            field,
            value,
            holder: _,
            contested: _,
        } = conflict;
        let now = it.user().map(|user| &user.values.profile);
        let now = now.and_then(|profile| match field {
            UniqueField::Username => Some(profile.username.as_str()),
            UniqueField::Email => profile.email.as_deref(),
        });
        vec![
            field_name(field.field()),
            Cell::value(now),
            Cell::text(value),
            Cell::text(&conflict.who()),
        ]
    });
    user(it.username(), it.dn(), rows.collect())
}

fn new_user(it: &Import) -> User {
    let profile = it.profile();
    let row = vec![
        full_name(&profile),
        Cell::value(profile.email),
        Cell::value(profile.contact_number),
    ];
    user(profile.username, it.dn(), vec![row])
}

fn out_of_scope_user(Update { user: kept, next }: &Update) -> User {
    let dn = next.origin.dn().unwrap_or_default();
    user(
        &kept.values.profile.username,
        None,
        vec![vec![Cell::text(dn)]],
    )
}

fn missing_user(it: &Missing) -> User {
    let since = it.absence().map(|it| local_time(it.since));
    let row = vec![
        Cell::value(since.as_deref()),
        Cell::text(&table::reason(it.reason())),
    ];
    user(
        &it.user.values.profile.username,
        it.user.origin.dn(),
        vec![row],
    )
}

fn failed_user(it: &FailedUser) -> User {
    let row = vec![Cell::text(&it.reason)];
    user(&it.username, it.dn.as_deref(), vec![row])
}

/// `contact number`
fn field_name(field: Field) -> Cell {
    Cell::text(&field.label())
}

fn full_name<T: AsRef<str>>(profile: &Profile<T>) -> Cell {
    Cell::value(Some(profile.full_name().as_str()).filter(|name| !name.is_empty()))
}
