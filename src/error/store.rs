//! How to fix a store that cannot be used.

use std::path::Path;

use super::Kind;
use crate::store::database::{DatabaseError, Refusal};
use crate::store::{Refused, StoreError};
use crate::util::shell;

/// The kind that decides the exit code.
pub fn kind(error: &StoreError) -> Kind {
    match error {
        StoreError::Held { .. } => Kind::Locked,
        StoreError::NoTables { .. } | StoreError::OfApplication { .. } => Kind::Settings,
        _ => Kind::Store,
    }
}

/// What to do about it.
pub fn hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::Held { .. } => {
            "wait for it to end, or say --wait SECONDS; a run that was killed holds nothing"
        }
        StoreError::File { source, .. } if is_full(source) => {
            "the disk is full; nothing was changed"
        }
        StoreError::Folder { source, .. } if is_full(source) => "the disk is full",
        StoreError::Folder { .. } => {
            "check path under [store] and the rights on that folder; where this account is only to look, say read_only = true there"
        }
        StoreError::File { .. } => "check path under [store] and the rights on its folder",
        StoreError::Foreign { .. } => "check path under [store]; nothing was written to it",
        StoreError::Newer { .. } => "use the adsync that made it, or a newer one",
        StoreError::Link { target, .. } => return Some(link_hint(target.as_deref())),
        StoreError::OfAnother { owner, .. } => {
            return Some(format!("sudo -u {} {}", shell::quoted(owner), typed()));
        }
        StoreError::Sql { source, .. } => return refused_hint(Refused::of(source)),
        StoreError::Row { path, id, .. } => return Some(row_hint(path, *id)),
        StoreError::NumbersUsedUp { .. } => {
            "another program gave it that number: give it another, and let seq of sqlite_sequence be the highest that is left"
        }
        StoreError::Replaced { .. } => {
            "bring back a backup while no run is under way; run adsync again for the store that is there now"
        }
        StoreError::Overtaken { .. } => "nothing was changed; try again when they are done",
        StoreError::NoTables { .. } => {
            "an administrator of the database makes them: `adsync setup --print-sql` prints the SQL"
        }
        StoreError::OfApplication { .. } => {
            "add, change and remove local users in the application; adsync writes imported ones alone"
        }
        StoreError::Database { source, .. } => return database_hint(source),
        StoreError::Unknown { run, .. } => {
            return Some(format!(
                "when the server answers again, `adsync history {run}` says whether it was"
            ));
        }
        StoreError::Migration { .. } => return None,
    };
    Some(hint.to_owned())
}

/// What to do about an answer of a database server.
fn database_hint(error: &DatabaseError) -> Option<String> {
    let hint = match error.refusal {
        Refusal::Unreachable => {
            "check url under [store], and that the server runs and can be reached from here"
        }
        Refusal::Tls => {
            "the certificate must be of the name in url, and be trusted: say ca_file under [store]"
        }
        Refusal::Login => {
            "check the user in url, and password_file or password_command under [store]"
        }
        Refusal::Gone => "nothing was changed; try again when the server is back",
        Refusal::ReadOnly => {
            "name the primary in url under [store], or all of its servers: postgres://adsync@db1,db2/app"
        }
        Refusal::Denied => {
            "grant that right to the user of url under [store]: `adsync setup --print-sql` prints all that it needs"
        }
        Refusal::Absent => {
            "check the database, the schema and the table under [store]; `adsync setup --print-sql` prints the rights that it takes to see them"
        }
        Refusal::Locked | Refusal::TryAgain => {
            "another program works on the same rows; nothing was changed, try again"
        }
        Refusal::Full => "the disk of the server is full; nothing was changed",
        Refusal::Unique | Refusal::Value | Refusal::Other => return None,
    };
    Some(hint.to_owned())
}

fn link_hint(target: Option<&Path>) -> String {
    match target {
        Some(target) => format!("say path = \"{}\" under [store]", target.display()),
        None => "what it leads to is not there; say under [store] where the store is".to_owned(),
    }
}

fn row_hint(store: &Path, id: i64) -> String {
    let store = store.to_string_lossy();
    let query = format!("SELECT * FROM users WHERE id = {id}");
    format!(
        "another program wrote that row: mend it, or bring the store back from a backup; to see it: sqlite3 {} {}",
        shell::quoted(&store),
        shell::quoted(&query)
    )
}

/// The command line, to be typed again.
fn typed() -> String {
    let arguments = std::env::args_os().skip(1);
    let quoted = arguments.map(|it| shell::quoted(&it.to_string_lossy()).into_owned());
    let words: Vec<_> = std::iter::once("adsync".to_owned()).chain(quoted).collect();
    words.join(" ")
}

fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// What to do about rows that adsync did not write.
const OTHERS_WROTE: &str = "another program has changed the store; nothing was changed now: mend what it wrote (docs/store.md says what belongs there), or bring it back from a backup";

fn refused_hint(why: Refused) -> Option<String> {
    let hint = match why {
        Refused::Busy => {
            "another program is writing to it, or has been reading from it all the while; nothing was changed, try again"
        }
        Refused::Disk => {
            "the disk is full or does not work; nothing was changed, see to it and try again"
        }
        Refused::Full => "the disk is full; nothing was changed",
        Refused::Rights => "check path under [store] and the rights on the file and its folder",
        Refused::Damaged => "the file is damaged or no adsync store; bring it back from a backup",
        Refused::Foreign => OTHERS_WROTE,
        Refused::Other => return None,
    };
    Some(hint.to_owned())
}
