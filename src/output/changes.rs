//! What runs changed of users, as `adsync history` and `adsync show` print it.

use std::io;

use comfy_table::Cell;
use serde::Serialize;

use super::table::phrases::Detail;
use super::table::{self, detail, local_time, with_what};
use super::{Output, csv, legible};
use crate::plan::Action;
use crate::store::{PastChange, Snapshot};
use crate::user::{Field, FieldValue, Status};

/// A change as JSON prints it.
#[derive(Serialize)]
pub struct Object<'a> {
    run: i64,
    at: String,
    action: &'a str,
    username: &'a str,
    evidence: Option<&'a str>,
    before: Option<&'a Snapshot>,
    after: Option<&'a Snapshot>,
}

impl<'a> From<&'a PastChange> for Object<'a> {
    fn from(change: &'a PastChange) -> Self {
        Self {
            run: change.run,
            at: change.at.to_string(),
            action: change.action.name(),
            username: &change.username,
            evidence: change.evidence.as_deref(),
            before: change.before.as_ref(),
            after: change.after.as_ref(),
        }
    }
}

/// A table of changes; `None` if there is nothing to show. Bookkeeping, such as a refreshed DN, changes nothing that
/// a person looks for.
pub fn table(changes: &[PastChange], dispensable: &[usize], output: &Output) -> Option<String> {
    let row = |change: &PastChange| {
        let cells = [
            change.run.to_string(),
            local_time(change.at),
            change.action.name().to_owned(),
            legible(&change.username),
        ];
        (cells.map(Cell::new).into(), what(change))
    };
    let header = ["RUN", "WHEN", "ACTION", "USERNAME", "WHAT"];
    let shown = changes.iter().filter(|it| it.action != Action::Refreshed);
    let rows: Vec<_> = shown.map(row).collect();
    (!rows.is_empty()).then(|| with_what(output, &header, rows, dispensable))
}

fn what(change: &PastChange) -> Detail {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let what = Detail::changes(&before.values().changes(&after.values()));
            match standing(before, after) {
                Some(words) => what.and(words),
                None => what,
            }
        }
        (Some(gone), None) => {
            let evidence = change.evidence.as_deref().unwrap_or("deleted");
            let who = detail::person(&gone.values().profile);
            Detail::words(format!("{evidence}; was {who}"))
        }
        (None, Some(new)) => Detail::words(detail::person(&new.values().profile)),
        (None, None) => Detail::default(),
    }
}

/// A user's status after a change, if it differs from before.
fn standing(before: &Snapshot, after: &Snapshot) -> Option<String> {
    if (before.status(), &before.reason) == (after.status(), &after.reason) {
        return None;
    }
    let status = match after.status() {
        Status::Ok => return Some("ok again".to_owned()),
        other => other.name().replace('_', " "),
    };
    Some(match &after.reason {
        Some(reason) => format!("{status}: {}", table::reason(reason)),
        None => status,
    })
}

/// One line for each field that differs, before and after; for a new or deleted user, one for each field it has.
pub fn csv(changes: &[PastChange], output: &Output) -> io::Result<()> {
    let header = [
        "run", "at", "action", "username", "field", "before", "after", "evidence",
    ];
    csv::print(header, output, |csv| {
        for it in changes {
            for (field, before, after) in differences(it) {
                let (action, name) = (it.action.name(), &it.username);
                csv.serialize((
                    it.run,
                    it.at,
                    action,
                    name,
                    field,
                    before,
                    after,
                    &it.evidence,
                ))?;
            }
        }
        Ok(())
    })
}

/// A field, and its value before and after.
type Difference = (&'static str, FieldValue, FieldValue);

fn differences(change: &PastChange) -> impl Iterator<Item = Difference> {
    let is_new_or_gone = change.before.is_none() || change.after.is_none();
    let fields = |snapshot: Option<&Snapshot>| {
        let values = snapshot.map(Snapshot::values);
        let value = |field| match &values {
            Some(values) => values.value(field),
            None => FieldValue::Text(None),
        };
        // The status `ok` of an added or deleted user says nothing.
        let status = snapshot
            .map(|it| it.status().name().to_owned())
            .filter(|it| !(is_new_or_gone && it == Status::Ok.name()));
        let reason = snapshot.and_then(|it| it.reason.clone());
        let mut fields = Field::ALL
            .map(|field| (field.name(), value(field)))
            .to_vec();
        fields.extend([
            ("status", FieldValue::Text(status)),
            ("reason", FieldValue::Text(reason)),
        ]);
        fields
    };
    let pairs = fields(change.before.as_ref()).into_iter();
    pairs
        .zip(fields(change.after.as_ref()))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| (field, before, after))
}
