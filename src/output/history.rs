//! Past runs, and what they changed, as `adsync history` prints them.

use std::collections::BTreeMap;
use std::io;

use comfy_table::Cell;
use serde::Serialize;

use super::changes::Object;
use super::table::phrases::Detail;
use super::table::{local_time, took, with_what};
use super::{Output, csv, json, legible, report};
use crate::cli::Format;
use crate::plan::Counts;
use crate::store::{Outcome, PastChange, PastRun};

/// Prints past runs.
pub fn runs(runs: &[PastRun], output: &Output) -> io::Result<()> {
    match output.format {
        Format::Json => json::print(BTreeMap::from([("runs", runs)]), output),
        Format::Csv => {
            let buckets = report::buckets(&Counts::default()).map(|(bucket, _)| bucket);
            let run = ["run", "started_at", "command", "mode", "outcome"];
            let by = ["run_by", "sudo_for", "host", "duration_ms", "checked"];
            let header = run.into_iter().chain(by).chain(buckets).chain(["error"]);
            csv::print(header, output, |csv| {
                runs.iter().try_for_each(|it| {
                    csv.serialize((
                        (it.run, it.started_at, it.command, it.mode, it.outcome),
                        (&it.run_by, &it.sudo_for, &it.host, it.duration_ms),
                        it.counts.checked,
                        report::buckets(&it.counts).map(|(_, count)| count),
                        &it.error,
                    ))
                })
            })
        }
        Format::Table if runs.is_empty() => {
            output.note("no runs yet");
            Ok(())
        }
        Format::Table => output.result(&table_of_runs(runs, output)),
    }
}

fn table_of_runs(runs: &[PastRun], output: &Output) -> String {
    let header = [
        "RUN", "WHEN", "COMMAND", "MODE", "OUTCOME", "BY", "TOOK", "WHAT",
    ];
    // A narrow terminal leaves out MODE, TOOK and BY.
    let rows = runs.iter().map(row_of_run).collect();
    with_what(output, &header, rows, &[3, 6, 5])
}

fn row_of_run(run: &PastRun) -> (Vec<Cell>, Detail) {
    let by = match &run.sudo_for {
        Some(caller) => format!("{} for {caller}@{}", run.run_by, run.host),
        None => format!("{}@{}", run.run_by, run.host),
    };
    let command = match run.undoes {
        Some(undone) => format!("{} {undone}", run.command),
        None => run.command.name().to_owned(),
    };
    let cells = [
        run.run.to_string(),
        local_time(run.started_at),
        command,
        run.mode.name().to_owned(),
        run.outcome.name().to_owned(),
        legible(&by),
        took(run.duration_ms.unsigned_abs()),
    ];
    let what = match &run.error {
        Some(error) if run.outcome == Outcome::Partial => {
            format!("{}; {}", summary(run), legible(error))
        }
        Some(error) => legible(error),
        None => summary(run),
    };
    (cells.map(Cell::new).into(), Detail::words(what))
}

/// Its numbers above zero.
fn summary(run: &PastRun) -> String {
    let numbers = report::numbers(&run.counts, run.command, false);
    let said = numbers.iter().map(|it| format!("{} {}", it.count, it.what));
    let said: Vec<String> = said.collect();
    if said.is_empty() {
        "nobody".to_owned()
    } else {
        said.join(", ")
    }
}

/// Prints what a run changed, or the life of one user.
pub fn changes(run: Option<&PastRun>, changes: &[PastChange], output: &Output) -> io::Result<()> {
    match output.format {
        Format::Json => {
            #[derive(Serialize)]
            struct History<'a> {
                #[serde(skip_serializing_if = "Option::is_none")]
                run: Option<&'a PastRun>,
                changes: Vec<Object<'a>>,
            }
            let changes = changes.iter().map(Object::from).collect();
            json::print(History { run, changes }, output)
        }
        Format::Csv => super::changes::csv(changes, output),
        Format::Table => {
            let heading = run.map(|run| table_of_runs(std::slice::from_ref(run), output) + "\n");
            // Columns with the same value in each row can be left out: RUN and WHEN, or USERNAME.
            let dispensable: &[usize] = if run.is_some() { &[1, 0] } else { &[3] };
            let table = super::changes::table(changes, dispensable, output);
            let table = table.unwrap_or_else(|| "no user was changed\n".to_owned());
            output.result(&(heading.unwrap_or_default() + &table))
        }
    }
}
