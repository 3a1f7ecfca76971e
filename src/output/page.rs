//! A run as a page of HTML, for those who do not use a terminal.
//!
//! The page is one file: it loads nothing, and its policy allows only its own style and script.
//! Values enter it as `Text`, which removes what would act or disguise; the template escapes the rest.

mod lists;
mod text;

use std::io;

use askama::Template;
use jiff::tz::TimeZone;

use crate::output::report::{Number, Report};
use crate::output::table::took;
use crate::store::Mode;

use lists::List;
use text::{Cell, Text};

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: Text,
    /// RFC 3339.
    started_at: String,
    started_at_here: String,
    host: Text,
    reach: &'static str,
    took: String,
    notice: Option<Notice>,
    /// Those of users who have a list, or that a person looks for.
    numbers: Vec<Number>,
    others: String,
    lists: Vec<List>,
    version: &'static str,
}

/// The notice that nothing was changed, and why.
struct Notice {
    kind: &'static str,
    title: &'static str,
    text: Text,
    hint: Option<Text>,
}

/// Writes a run.
pub fn write(out: &mut dyn io::Write, report: &Report<'_>) -> io::Result<()> {
    Page::new(report).write_into(out)
}

impl Page {
    fn new(report: &Report<'_>) -> Self {
        let run = report.run;
        let mut numbers = report.numbers();
        numbers.retain(|it| !["unchanged", "foreign"].contains(&it.bucket));
        let local = run.started_at.to_zoned(TimeZone::system());
        Self {
            title: Text::new(&match report.number {
                Some(number) => format!("adsync {}, run {number}", run.command),
                None => format!("adsync {}", run.command),
            }),
            started_at: run.started_at.to_string(),
            started_at_here: local.strftime("%A, %-d %B %Y, %H:%M %Z").to_string(),
            host: Text::new(&whoami::hostname().unwrap_or_else(|_| "?".to_owned())),
            reach: match run.mode {
                Mode::Full => "all users",
                Mode::Delta => "all users, by change mark",
                Mode::Selected => "selected users",
            },
            took: took(run.duration_ms()),
            notice: notice(report),
            numbers,
            others: others(report),
            lists: lists::of(report),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

fn notice(report: &Report<'_>) -> Option<Notice> {
    if let Some(failure) = report.refusal {
        return Some(Notice {
            kind: "refused",
            title: "Refused: nothing was changed.",
            text: Text::new(&failure.message),
            hint: failure.hint.as_deref().map(Text::new),
        });
    }
    if report.dry_run {
        return Some(Notice {
            kind: "rehearsed",
            title: "Dry run: nothing was changed.",
            text: Text::new("This is what a run would do."),
            hint: None,
        });
    }
    let left = &report.run.left;
    (!left.is_empty()).then(|| Notice {
        kind: "rehearsed",
        title: "Not everything could be taken back.",
        text: Text::new(&left.join("; ")),
        hint: None,
    })
}

fn others(report: &Report<'_>) -> String {
    let (checked, unchanged) = (report.plan.checked(), report.plan.untouched());
    let users = if checked == 1 { "user" } else { "users" };
    format!(
        "{} {users} checked, {} unchanged.",
        grouped(checked),
        grouped(unchanged)
    )
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
