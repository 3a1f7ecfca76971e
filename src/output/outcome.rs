//! How a run's result is reported: as a table, JSON or CSV, and as a page.

use std::io;

use super::file::OutputFile;
use super::{Output, csv, json, page, table};
use crate::cli::Format;
use crate::error::{Failure, Kind};
use crate::output::report::Report;

/// Reports what a run did, or what a dry run would have done. Returns the error if only the page is lost.
pub fn done(
    report: &Report<'_>,
    page: Option<&OutputFile>,
    output: &Output,
) -> Result<Option<Failure>, Failure> {
    let failure = |what: &str, error: io::Error| match report.number {
        None => Failure::new(Kind::Failed, error.to_string()),
        Some(number) => Failure::output_failed(number, &format!("its {what} is lost: {error}")),
    };
    let page = write_page(page, report, output);
    let lost = page.map_err(|error| failure("report", error)).err();
    let plan = report.plan;
    if !output.quiet || plan.has_changes() || plan.has_news() || lost.is_some() {
        show(report, lost.as_ref(), output).map_err(|error| failure("result", error))?;
    }
    if let Some(lost) = &lost {
        output.explain(lost);
    }
    Ok(lost)
}

/// Reports what a run would have done, and why it did not.
pub fn refused(
    report: &Report<'_>,
    why: &Failure,
    page: Option<&OutputFile>,
    output: &Output,
) -> io::Result<()> {
    if let Err(error) = write_page(page, report, output) {
        output.warn(&error.to_string());
    }
    show(report, None, output)?;
    output.explain(why);
    Ok(())
}

fn write_page(page: Option<&OutputFile>, report: &Report<'_>, output: &Output) -> io::Result<()> {
    let Some(file) = page else {
        return Ok(());
    };
    file.write(|out| page::write(out, report))?;
    output.note(&format!("the report is in {file}"));
    Ok(())
}

fn show(report: &Report<'_>, lost: Option<&Failure>, output: &Output) -> io::Result<()> {
    output.stream(|out| match output.format {
        Format::Table => out.write_all(table::run(output, report).as_bytes()),
        Format::Json => json::run(out, report, lost),
        Format::Csv => csv::run(out, report),
    })
}
