//! `adsync history`: past runs, what they changed, and one user's life.

use comfy_table::Cell;
use serde::Serialize;

use crate::cli::{self, Format};
use crate::commands::Context;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Kind};
use crate::nearest::nearest;
use crate::output::table::what::What;
use crate::output::table::{detail, local_time, took, with_what};
use crate::output::{Output, json, legible};
use crate::store::{PastChange, PastRun, Reader, Snapshot};
use crate::user::{Change, Folded};

/// Runs the command.
pub fn run(arguments: &cli::History, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let store = Reader::open(&context.settings.store_path)?;
    let output = context.output;
    match (arguments.run, &arguments.user) {
        (Some(number), _) => {
            let Some(run) = store.run(number)? else {
                return Err(Failure::new(
                    Kind::UnknownName,
                    format!("no run {number} in the history"),
                )
                .hint(
                    "`adsync history` lists the runs; those older than history_days are forgotten",
                )
                .into());
            };
            print_changes(Some(&run), &store.changes_of_run(number)?, output)?;
        }
        (None, Some(name)) => {
            let changes = store.changes_of_user(&Folded::new(name))?;
            if changes.is_empty() {
                return Err(unknown(name, &store)?.into());
            }
            print_changes(None, &changes, output)?;
        }
        (None, None) => print_runs(&store.runs(arguments.limit)?, output)?,
    }
    Ok(ExitCode::Done)
}

fn unknown(name: &str, store: &Reader) -> anyhow::Result<Failure> {
    let failure = Failure::new(
        Kind::UnknownName,
        format!("nobody in the history was ever {name:?}"),
    );
    Ok(match nearest(name, store.names_of_history()?) {
        Some(offer) => failure.hint(format!("did you mean {offer}?")),
        None => failure,
    })
}

fn print_runs(runs: &[PastRun], output: &Output) -> anyhow::Result<()> {
    match output.format {
        Format::Json => {
            #[derive(Serialize)]
            struct Runs<'a> {
                version: u32,
                runs: &'a [PastRun],
            }
            Ok(output.result(&json::text(&Runs { version: 1, runs }))?)
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(Vec::new());
            csv.write_record([
                "run",
                "started_at",
                "command",
                "mode",
                "outcome",
                "run_by",
                "sudo_for",
                "host",
                "duration_ms",
                "checked",
                "unchanged",
                "imported",
                "modified",
                "deleted",
                "duplicate",
                "out_of_scope",
                "missing",
                "failed",
                "foreign",
                "error",
            ])?;
            for run in runs {
                let counts = &run.counts;
                csv.serialize((
                    (
                        run.run,
                        run.started_at,
                        &run.command,
                        &run.mode,
                        run.outcome,
                        &run.run_by,
                    ),
                    (
                        &run.sudo_for,
                        &run.host,
                        run.duration_ms,
                        counts.checked,
                        counts.unchanged,
                    ),
                    (
                        counts.imported,
                        counts.modified,
                        counts.deleted,
                        counts.duplicate,
                    ),
                    (
                        counts.out_of_scope,
                        counts.missing,
                        counts.failed,
                        counts.foreign,
                        &run.error,
                    ),
                ))?;
            }
            Ok(output.result(&String::from_utf8(csv.into_inner()?)?)?)
        }
        Format::Table if runs.is_empty() => {
            output.note("no runs yet");
            Ok(())
        }
        Format::Table => Ok(output.result(&table_of_runs(runs, output))?),
    }
}

fn table_of_runs(runs: &[PastRun], output: &Output) -> String {
    let header = [
        "RUN", "WHEN", "COMMAND", "MODE", "OUTCOME", "BY", "TOOK", "WHAT",
    ];
    // At a narrow terminal MODE, TOOK and BY are left out.
    let rows = runs.iter().map(row_of_run).collect();
    with_what(output, &header, rows, &[3, 6, 5])
}

fn row_of_run(run: &PastRun) -> (Vec<Cell>, What) {
    let by = match &run.sudo_for {
        Some(caller) => format!("{} for {caller}@{}", run.run_by, run.host),
        None => format!("{}@{}", run.run_by, run.host),
    };
    let cells = [
        run.run.to_string(),
        local_time(run.started_at),
        run.command.clone(),
        run.mode.clone(),
        run.outcome.name().to_owned(),
        legible(&by),
        took(run.duration_ms.unsigned_abs()),
    ];
    let what = match &run.error {
        Some(error) => legible(error),
        None => summary(run),
    };
    (cells.map(Cell::new).into(), What::words(what))
}

/// Its numbers, those that are none left out.
fn summary(run: &PastRun) -> String {
    let counts = &run.counts;
    let is = |command: &str| run.command == command;
    let new = match run.command.as_str() {
        "add" => "added",
        "restore" => "restored",
        _ => "imported",
    };
    let parts = [
        (counts.imported, new),
        (counts.modified, "modified"),
        (
            counts.deleted,
            if is("remove") { "removed" } else { "deleted" },
        ),
        (counts.duplicate, "duplicate"),
        (counts.out_of_scope, "out of scope"),
        (counts.missing, "missing"),
        (counts.failed, "failed"),
        (counts.unchanged, "unchanged"),
        (counts.foreign, "foreign"),
    ];
    let said = parts.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if said.is_empty() {
        "nobody".to_owned()
    } else {
        said.join(", ")
    }
}

/// A change as JSON prints it.
#[derive(Serialize)]
struct ChangeObject<'a> {
    run: i64,
    at: String,
    action: &'a str,
    username: &'a str,
    evidence: Option<&'a str>,
    before: Option<&'a Snapshot>,
    after: Option<&'a Snapshot>,
}

fn print_changes(
    run: Option<&PastRun>,
    changes: &[PastChange],
    output: &Output,
) -> anyhow::Result<()> {
    match output.format {
        Format::Json => {
            #[derive(Serialize)]
            struct History<'a> {
                version: u32,
                #[serde(skip_serializing_if = "Option::is_none")]
                run: Option<&'a PastRun>,
                changes: Vec<ChangeObject<'a>>,
            }
            let changes = changes.iter().map(object).collect();
            let history = History {
                version: 1,
                run,
                changes,
            };
            Ok(output.result(&json::text(&history))?)
        }
        Format::Csv => {
            let mut csv = csv::Writer::from_writer(Vec::new());
            csv.write_record([
                "run", "at", "action", "username", "field", "before", "after", "evidence",
            ])?;
            for change in changes {
                let (run, at) = (change.run.to_string(), change.at.to_string());
                let evidence = change.evidence.as_deref().unwrap_or_default();
                for (field, before, after) in fields(change) {
                    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
                    csv.write_record([
                        run.as_str(),
                        &at,
                        &change.action,
                        &change.username,
                        field,
                        &before,
                        &after,
                        evidence,
                    ])?;
                }
            }
            Ok(output.result(&String::from_utf8(csv.into_inner()?)?)?)
        }
        Format::Table => {
            let heading = run.map(|run| table_of_runs(std::slice::from_ref(run), output) + "\n");
            let table = if changes.is_empty() {
                "no user was changed\n".to_owned()
            } else {
                table_of_changes(run, changes, output)
            };
            Ok(output.result(&(heading.unwrap_or_default() + &table))?)
        }
    }
}

fn object(change: &PastChange) -> ChangeObject<'_> {
    ChangeObject {
        run: change.run,
        at: change.at.to_string(),
        action: &change.action,
        username: &change.username,
        evidence: change.evidence.as_deref(),
        before: change.before.as_ref(),
        after: change.after.as_ref(),
    }
}

fn table_of_changes(run: Option<&PastRun>, changes: &[PastChange], output: &Output) -> String {
    let row = |change: &PastChange| {
        let cells = [
            change.run.to_string(),
            local_time(change.at),
            change.action.clone(),
            legible(&change.username),
        ];
        (cells.map(Cell::new).into(), what(change))
    };
    let header = ["RUN", "WHEN", "ACTION", "USERNAME", "WHAT"];
    // What is the same in each row can be done without: RUN and WHEN, or USERNAME.
    let dispensable: &[usize] = if run.is_some() { &[1, 0] } else { &[3] };
    with_what(
        output,
        &header,
        changes.iter().map(row).collect(),
        dispensable,
    )
}

fn what(change: &PastChange) -> What {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let changes: Vec<Change> = before.values().changes(&after.values());
            What::changes(&changes)
        }
        (Some(gone), None) => {
            let evidence = change.evidence.as_deref().unwrap_or("deleted");
            let who = detail::person(&gone.values().profile);
            What::words(format!("{evidence}; was {who}"))
        }
        (None, Some(new)) => What::words(detail::person(&new.values().profile)),
        (None, None) => What::default(),
    }
}

/// Each field that differs, before and after; of a new or deleted user every field that it has.
fn fields(change: &PastChange) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let all = |snapshot: &Option<Snapshot>| -> Vec<(&'static str, Option<String>)> {
        let Some(it) = snapshot else {
            return [
                "username",
                "first_name",
                "last_name",
                "email",
                "contact_number",
                "enabled",
            ]
            .map(|field| (field, None))
            .to_vec();
        };
        vec![
            ("username", Some(it.username.clone())),
            ("first_name", it.first_name.clone()),
            ("last_name", it.last_name.clone()),
            ("email", it.email.clone()),
            ("contact_number", it.contact_number.clone()),
            ("enabled", Some(it.enabled.to_string())),
        ]
    };
    all(&change.before)
        .into_iter()
        .zip(all(&change.after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| (field, before, after))
        .collect()
}
