//! How a run's result is reported: as a table, JSON or CSV, and as a page.

use std::io;

use super::page::PageFile;
use super::{Output, csv, json, table};
use crate::cli::Format;
use crate::error::{Failure, Kind};
use crate::output::report::Report;

/// Reports what a run did, or what a dry run would have done. Returns the error if only the page is lost.
pub fn done(
    report: &Report<'_>,
    page: Option<&PageFile>,
    output: &Output,
) -> Result<Option<Failure>, Failure> {
    let number = report.number;
    let page = write_page(page, report, None, output);
    let lost = page.map_err(|error| lose(number, "report", &error)).err();
    tell(report, lost.as_ref(), output).map_err(|error| lose(number, "result", &error))?;
    if let Some(failure) = &lost {
        output.explain(failure);
    }
    Ok(lost)
}

/// Reports what a run would have done, and why it did not.
pub fn refused(
    report: &Report<'_>,
    why: &Failure,
    page: Option<&PageFile>,
    output: &Output,
) -> io::Result<()> {
    if let Err(error) = write_page(page, report, Some(why), output) {
        output.warn(&error.to_string());
    }
    show(report, Some(why), output)?;
    output.explain(why);
    Ok(())
}

fn write_page(
    page: Option<&PageFile>,
    report: &Report<'_>,
    refusal: Option<&Failure>,
    output: &Output,
) -> io::Result<()> {
    let Some(page) = page else {
        return Ok(());
    };
    page.write(report, refusal)?;
    output.note(&format!("the report is in {page}"));
    Ok(())
}

fn lose(number: Option<i64>, what: &str, error: &io::Error) -> Failure {
    match number {
        None => Failure::new(Kind::Failed, error.to_string()),
        Some(number) => Failure::output_failed(number, &format!("its {what} is lost: {error}")),
    }
}

fn tell(report: &Report<'_>, lost: Option<&Failure>, output: &Output) -> io::Result<()> {
    let plan = report.plan;
    let is_wrong = plan.has_news() || lost.is_some();
    if output.quiet && !plan.has_changes() && !is_wrong {
        return Ok(());
    }
    show(report, lost, output)
}

fn show(report: &Report<'_>, failure: Option<&Failure>, output: &Output) -> io::Result<()> {
    output.stream(|out| match output.format {
        Format::Table => out.write_all(table::run(output, report).as_bytes()),
        Format::Json => json::run(out, report, failure),
        Format::Csv => csv::run(out, report),
    })
}
