//! JSON, version 1: a contract. Fields may be added, but none renamed or removed.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::error::Failure;
use crate::output::Output;
use crate::output::report::Report;
use crate::plan::{
    Action, Conflict, Counts, Deletion, Duplicate, FailedUser, Holder, Import, Missing, Plan,
    Update,
};
use crate::store::Command;
use crate::user::{Change, FieldValue, ObjectGuid, Profile, StoredUser, Tracking, Values};

const VERSION: u32 = 1;

/// The buffer size for a run, in bytes.
const BUFFER: usize = 64 * 1024;

/// Prints an object, with its version first.
pub fn print(object: impl Serialize, output: &Output) -> io::Result<()> {
    output.result(&text(object))
}

/// The same as text. adsync prints text, numbers and flags, which JSON can always represent; anything else would be
/// null.
fn text(object: impl Serialize) -> String {
    #[derive(Serialize)]
    struct Versioned<T> {
        version: u32,
        #[serde(flatten)]
        object: T,
    }
    let version = VERSION;
    serde_json::to_string_pretty(&Versioned { version, object })
        .unwrap_or_else(|_| "null".to_owned())
}

#[derive(Serialize)]
struct CountsObject {
    #[serde(flatten)]
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restored: Option<u64>,
}

#[derive(Serialize)]
struct Named<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    dn: Option<&'a str>,
}

#[derive(Serialize)]
struct Modified<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    dn: Option<&'a str>,
    changes: BTreeMap<&'static str, FromTo>,
}

#[derive(Serialize)]
struct FromTo {
    from: FieldValue,
    to: FieldValue,
}

#[derive(Serialize)]
struct Deleted<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    evidence: &'static str,
}

#[derive(Serialize)]
struct DuplicateObject<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    dn: Option<&'a str>,
    conflicts: Vec<ConflictObject<'a>>,
}

#[derive(Serialize)]
struct ConflictObject<'a> {
    field: &'static str,
    value: &'a str,
    held_by: HolderObject<'a>,
    /// True: nobody holds the value, the other user newly wants it too.
    contested: bool,
}

#[derive(Serialize)]
struct HolderObject<'a> {
    username: &'a str,
    source: &'static str,
    guid: Option<ObjectGuid>,
}

#[derive(Serialize)]
struct MissingObject<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    dn: Option<&'a str>,
    since: Option<String>,
    reason: &'a str,
}

#[derive(Serialize)]
struct FailedObject<'a> {
    guid: Option<ObjectGuid>,
    username: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    kind: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
}

impl<'a> ErrorObject<'a> {
    fn new(failure: &'a Failure) -> Self {
        Self {
            kind: failure.kind.name(),
            message: &failure.message,
            hint: failure.hint.as_deref(),
        }
    }
}

/// A list produced while it is written, so a large one takes no memory.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Writes a run, with the reason if it was refused, or its page if that is lost.
pub fn run(out: &mut dyn Write, report: &Report<'_>, lost: Option<&Failure>) -> io::Result<()> {
    let Report {
        run,
        number,
        dry_run,
        refusal,
        plan,
    } = report;
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
    } = plan;
    // A bucket that only one command has is left out in the others.
    let is = |action: Action| move |it: &&Import| it.action() == action;
    let new = |action| imported.iter().filter(is(action));
    let only =
        |command: Command, action| (run.command == command).then(|| new(action).count() as u64);
    let (added, restored) = (
        only(Command::Add, Action::Added),
        only(Command::Restore, Action::Restored).or(only(Command::Undo, Action::Restored)),
    );
    let mut counts = Counts::of(plan);
    counts.imported = new(Action::Imported).count() as u64;
    let counts = CountsObject {
        counts,
        added,
        restored,
    };
    // A concrete buffer, since a first import writes millions of small pieces.
    let mut out = io::BufWriter::with_capacity(BUFFER, out);
    let mut json = serde_json::Serializer::pretty(&mut out);
    let mut object = json.serialize_map(None)?;
    object.serialize_entry("version", &VERSION)?;
    object.serialize_entry("run", number)?;
    object.serialize_entry("command", run.command.name())?;
    if let Some(undone) = run.undoes {
        object.serialize_entry("undoes", &undone)?;
    }
    object.serialize_entry("dry_run", dry_run)?;
    object.serialize_entry("mode", run.mode.name())?;
    object.serialize_entry("started_at", &run.started_at)?;
    object.serialize_entry("duration_ms", &run.duration_ms())?;
    object.serialize_entry("counts", &counts)?;
    for (name, count, action) in [
        ("added", added, Action::Added),
        ("restored", restored, Action::Restored),
    ] {
        if count.is_some() {
            object.serialize_entry(name, &Each(|| new(action).map(new_user)))?;
        }
    }
    let imported = Each(|| new(Action::Imported).map(new_user));
    object.serialize_entry("imported", &imported)?;
    object.serialize_entry("modified", &Each(|| modified.iter().map(modified_user)))?;
    object.serialize_entry("deleted", &Each(|| deleted.iter().map(deleted_user)))?;
    object.serialize_entry("duplicate", &Each(|| duplicate.iter().map(duplicate_user)))?;
    let out_of_scope = Each(|| out_of_scope.iter().map(out_of_scope_user));
    object.serialize_entry("out_of_scope", &out_of_scope)?;
    object.serialize_entry("missing", &Each(|| missing.iter().map(missing_user)))?;
    object.serialize_entry("failed", &Each(|| failed.iter().map(failed_user)))?;
    if run.undoes.is_some() {
        // What an undo could not undo, in words.
        object.serialize_entry("left", &run.left)?;
    }
    if let Some(failure) = refusal.or(lost) {
        object.serialize_entry("error", &ErrorObject::new(failure))?;
    }
    object.end()?;
    out.write_all(b"\n")?;
    out.flush()
}

fn out_of_scope_user(it: &Update) -> Named<'_> {
    Named {
        guid: it.user.origin.guid(),
        username: &it.user.values.profile.username,
        dn: it.next.origin.dn(),
    }
}

fn missing_user(it: &Missing) -> MissingObject<'_> {
    MissingObject {
        guid: it.user.origin.guid(),
        username: &it.user.values.profile.username,
        dn: it.user.origin.dn(),
        since: it.absence().map(|it| it.since.to_string()),
        reason: it.reason(),
    }
}

fn new_user(import: &Import) -> Named<'_> {
    Named {
        guid: import.guid(),
        username: import.username(),
        dn: import.dn(),
    }
}

fn modified_user(update: &Update) -> Modified<'_> {
    let Update { user, next } = update;
    let changes = update.changes().into_iter();
    Modified {
        guid: user.origin.guid(),
        username: &user.values.profile.username,
        dn: next.origin.dn(),
        changes: changes
            .map(|Change { field, from, to }| (field.name(), FromTo { from, to }))
            .collect(),
    }
}

fn deleted_user(deletion: &Deletion) -> Deleted<'_> {
    let Deletion { user, evidence } = deletion;
    Deleted {
        guid: user.origin.guid(),
        username: &user.values.profile.username,
        evidence: evidence.name(),
    }
}

fn duplicate_user(duplicate: &Duplicate) -> DuplicateObject<'_> {
    DuplicateObject {
        guid: duplicate.guid(),
        username: duplicate.username(),
        dn: duplicate.dn(),
        conflicts: duplicate.conflicts.iter().map(conflict).collect(),
    }
}

fn conflict(conflict: &Conflict) -> ConflictObject<'_> {
    let Conflict {
        field,
        value,
        holder: Holder {
            id: _,
            username,
            origin,
        },
        contested,
    } = conflict;
    ConflictObject {
        field: field.field().name(),
        value,
        held_by: HolderObject {
            username,
            source: origin.name(),
            guid: origin.guid(),
        },
        contested: *contested,
    }
}

fn failed_user(failed: &FailedUser) -> FailedObject<'_> {
    FailedObject {
        guid: failed.guid,
        username: &failed.username,
        reason: &failed.reason,
    }
}

/// An error.
pub fn failure(failure: &Failure) -> String {
    text(BTreeMap::from([("error", ErrorObject::new(failure))]))
}

/// A user of the store.
#[derive(Serialize)]
struct UserObject<'a> {
    #[serde(flatten)]
    profile: &'a Profile,
    source: &'static str,
    status: &'static str,
    reason: Option<&'a str>,
    enabled: bool,
    guid: Option<ObjectGuid>,
    domain: Option<&'a str>,
    dn: Option<&'a str>,
    synced_at: Option<String>,
}

impl<'a> From<&'a StoredUser> for UserObject<'a> {
    fn from(user: &'a StoredUser) -> Self {
        let StoredUser {
            id: _,
            origin,
            values: Values { profile, enabled },
            status,
            synced_at,
            tracking,
        } = user;
        Self {
            profile,
            source: origin.name(),
            status: status.name(),
            reason: tracking.reason.as_deref(),
            enabled: *enabled,
            guid: origin.guid(),
            domain: tracking.domain_dn.as_deref(),
            dn: origin.dn(),
            synced_at: synced_at.map(|it| it.to_string()),
        }
    }
}

/// A user of the store, with everything known about it.
#[derive(Serialize)]
pub struct Shown<'a> {
    #[serde(flatten)]
    user: UserObject<'a>,
    missing_since: Option<String>,
    expires_at: Option<String>,
    found_run: Option<i64>,
    found_on: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// From a user, and the controller on which it was found.
    pub fn new(user: &'a StoredUser, found_on: Option<&'a str>) -> Self {
        let Tracking {
            domain: _,
            domain_dn: _,
            reason: _,
            absence,
            expires,
            found,
        } = &user.tracking;
        Self {
            user: UserObject::from(user),
            missing_since: absence.as_ref().map(|it| it.since.to_string()),
            expires_at: expires.map(|it| it.to_string()),
            found_run: found.map(|it| it.run),
            found_on,
        }
    }
}

/// Users of the store, written one by one, one line each.
pub struct Users<'a> {
    out: &'a mut dyn Write,
    is_first: bool,
}

impl<'a> Users<'a> {
    /// Begins the object.
    pub fn begin(out: &'a mut dyn Write) -> io::Result<Self> {
        write!(out, "{{\"version\":{VERSION},\"users\":[")?;
        Ok(Self {
            out,
            is_first: true,
        })
    }

    /// Writes a user.
    pub fn write(&mut self, user: &StoredUser) -> io::Result<()> {
        let separator: &[u8] = if self.is_first { b"\n" } else { b",\n" };
        self.is_first = false;
        self.out.write_all(separator)?;
        serde_json::to_writer(&mut *self.out, &UserObject::from(user))?;
        Ok(())
    }

    /// Ends the object.
    pub fn end(self) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")
    }
}
