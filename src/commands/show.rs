//! `adsync show`: one user, with everything known about it.

use serde::Serialize;

use crate::cli::Format;
use crate::commands::{Context, names};
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::changes::{self, Object};
use crate::output::table::{cell_text, facts, local_time};
use crate::output::{Output, csv, json, legible};
use crate::store::{Changes, Keys, PastChange, StoreError, View};
use crate::user::{Absence, Column, ControllerId, Field, Folded, Found, Origin, StoredUser};
use crate::util::shell;

/// Runs the command.
pub fn run(name: &str, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let store = context.store()?.read()?;
    let _unchanging = store.hold_still()?;
    let find = |name| store.listed(&Folded::new(name));
    let Some(user) = find(name)?.map_or_else(|| find(name.trim()), |it| Ok(Some(it)))? else {
        return Err(unknown(name.trim(), &*store)?.into());
    };
    print(&user, &*store, context.output)?;
    Ok(ExitCode::Done)
}

fn print(user: &StoredUser, store: &dyn View, output: &Output) -> anyhow::Result<()> {
    match output.format {
        Format::Table => {
            let life = store.changes(Changes::OfUser(user))?;
            let life = changes::table(&life, &[3], output);
            let life = life.map(|it| format!("\n{it}")).unwrap_or_default();
            Ok(output.result(&(facts(output, &all(user, store)?) + &life))?)
        }
        Format::Json => {
            #[derive(Serialize)]
            struct UserAndHistory<'a> {
                user: json::Shown<'a>,
                history: Vec<Object<'a>>,
            }
            let life = store.changes(Changes::OfUser(user))?;
            let found_on = user.tracking.found.and_then(|it| it.on);
            let found_on = found_on.map(|it| identity(it, store)).transpose()?;
            let object = UserAndHistory {
                user: json::Shown::new(user, found_on.as_deref()),
                history: life.iter().map(Object::from).collect(),
            };
            Ok(json::print(object, output)?)
        }
        Format::Csv => Ok(output.stream(|out| {
            let mut line = csv::Users::begin(out, None)?;
            line.write(user)?;
            line.end()
        })?),
    }
}

/// Every fact about a user; a local one has none of those that tie it to a directory.
fn all(user: &StoredUser, store: &dyn View) -> Result<Vec<(String, String)>, StoreError> {
    let value = |column| cell_text(user, column);
    let fields = Field::TEXT.into_iter();
    let fields = fields.map(|field| (field.label(), value(Column::Field(field))));
    let mut all: Vec<(String, String)> = fields.collect();
    let mut push = |name: &str, value| all.push((name.to_owned(), value));
    push("enabled", value(Column::Field(Field::Enabled)));
    push("source", value(Column::Source));
    push("status", value(Column::Status));
    if user.tracking.reason.is_some() {
        push("reason", value(Column::Reason));
    }
    if let Some(Absence { since, returned_by }) = &user.tracking.absence {
        push("missing since", local_time(*since));
        let before: Result<Vec<String>, _> =
            returned_by.iter().map(|it| identity(*it, store)).collect();
        let before = Some(before?.join(", ")).filter(|it| !it.is_empty());
        push("returned by", before.unwrap_or_else(|| "-".to_owned()));
    }
    if user.origin == Origin::Local {
        return Ok(all);
    }
    push("domain", value(Column::Domain));
    push("guid", value(Column::Guid));
    push("dn", value(Column::Dn));
    push("found", found(user.tracking.found, store)?);
    let expires = user.tracking.expires.map(local_time);
    push("expires", expires.unwrap_or_else(|| "-".to_owned()));
    push("last sync", value(Column::SyncedAt));
    Ok(all)
}

/// The run since which a user has been found, and the controller.
fn found(found: Option<Found>, store: &dyn View) -> Result<String, StoreError> {
    let Some(Found { run, on }) = found else {
        return Ok("-".to_owned());
    };
    let since = match run {
        0 => "since before the history begins".to_owned(),
        run => format!("since run {run}"),
    };
    Ok(match on {
        Some(on) => format!("{since}, returned by {}", identity(on, store)?),
        None => since,
    })
}

fn identity(controller: ControllerId, store: &dyn View) -> Result<String, StoreError> {
    let domains = store.domains()?;
    let identity = domains.identity_of(controller);
    Ok(identity.map_or_else(|| "?".to_owned(), legible))
}

/// The error for a name that nobody in the store has; somebody may have had it.
fn unknown(name: &str, store: &dyn View) -> anyhow::Result<Failure> {
    let folded = Folded::new(name);
    let has_name = |change: &PastChange| {
        let mut both = [&change.before, &change.after].into_iter().flatten();
        both.any(|it| it.profile.folded_username() == folded)
    };
    let life = store.changes(Changes::OfName(&folded))?;
    let Some(last) = life.iter().rev().find(|it| has_name(it)) else {
        return Ok(names::unknown_in_store(&[name.to_owned()], store)?);
    };
    let message = format!("no user {name:?} in the store any more");
    let history = format!(
        "`adsync history --user {}` shows what became of it",
        shell::quoted(name)
    );
    if let Some(user) = who_is_it(last, store)? {
        let now = &user.values.profile.username;
        let hint = format!("it is {now} since run {}; {history}", last.run);
        return Ok(Failure::new(Kind::UnknownName, message).hint(hint));
    }
    let is_end = |it: &&PastChange| it.user == last.user && it.after.is_none();
    let Some(end) = life.iter().rev().find(is_end) else {
        return Ok(Failure::new(Kind::UnknownName, message).hint(history));
    };
    let message = format!("{message}: run {} deleted it", end.run);
    let restore = format!("`adsync restore {}`", shell::quoted(&end.username));
    Ok(Failure::new(Kind::UnknownName, message)
        .hint(format!("{history}, {restore} brings it back")))
}

/// The user a change is about, if it is in the store: in the same row, or in another with the same identity.
fn who_is_it(change: &PastChange, store: &dyn View) -> Result<Option<StoredUser>, StoreError> {
    if let Some(user) = store.by_id(change.user)? {
        return Ok(Some(user));
    }
    let snapshot = change.after.as_ref().or(change.before.as_ref());
    let Some(guid) = snapshot.and_then(|it| it.guid) else {
        return Ok(None);
    };
    Ok(store.users(Keys::Identities(&[guid]))?.into_iter().next())
}
