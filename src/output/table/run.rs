//! A run as a table: a row for each user with something to say, then the numbers.

use comfy_table::{Cell, Color};

use super::phrases::{Detail, Room};
use super::{bare, detail, width, with_what};
use crate::output::report::{Number, Report};
use crate::output::{Output, colored, legible};
use crate::plan::{Missing, Plan};

/// How many new users a table lists; `adsync list` has them all.
const NEW_USERS: usize = 20;

/// How many users of each kind a terminal shows.
const AT_A_TERMINAL: usize = 50;

/// The way past what keeps missing users.
const PAST_MISSING: &str =
    "`adsync remove NAME` takes out a missing user who is known to be deleted.";

/// The rows of a table, made only for the users it shows.
struct Rows<'a> {
    output: &'a Output,
    rows: Vec<(Vec<Cell>, Detail)>,
}

impl Rows<'_> {
    /// Adds users: of each the result, the username, and what happened.
    fn add<'b, T: 'b>(
        &mut self,
        users: impl IntoIterator<Item = &'b T>,
        limit: Option<usize>,
        rest: &str,
        row: impl Fn(&'b T) -> (&'static str, &'b str, Detail),
    ) {
        let mut users = users.into_iter();
        let mut last = None;
        for user in users.by_ref().take(limit.unwrap_or(usize::MAX)) {
            let (result, username, what) = row(user);
            self.push(result, username, what);
            last = Some(result);
        }
        let more = users.count();
        if let Some(result) = last.filter(|_| more > 0) {
            let what = Detail::words(format!("… and {more} more ({rest})"));
            self.push(result, "", what);
        }
    }

    fn push(&mut self, result: &str, username: &str, what: Detail) {
        let color = color(result).filter(|_| self.output.color);
        let result = Cell::new(result);
        let result = match color {
            Some((color, _)) => result.fg(color),
            None => result,
        };
        let cells = vec![result, Cell::new(legible(username))];
        self.rows.push((cells, what));
    }
}

/// The table of a run.
pub fn run(output: &Output, report: &Report<'_>) -> String {
    let rows = rows(output, report);
    let table = if rows.is_empty() {
        String::new()
    } else {
        let result = if report.is_only_planned() {
            "WOULD BE"
        } else {
            "RESULT"
        };
        with_what(output, &[result, "USERNAME", "WHAT"], rows, &[]) + "\n"
    };
    let has_missing = missing(output, report.plan).next().is_some();
    let past = if has_missing {
        let width = width(&bare(output)).map(usize::from);
        let color = false;
        Detail::words(PAST_MISSING).fit(Room { width, color }) + "\n"
    } else {
        String::new()
    };
    format!("{table}{past}{}\n", summary(output, report))
}

/// The missing users that are listed.
fn missing<'a>(output: &Output, plan: &'a Plan) -> impl Iterator<Item = &'a Missing> {
    let is_quiet = output.quiet;
    let listed = plan.missing.iter();
    listed.filter(move |it| !(is_quiet && it.is_as_before()))
}

fn rows(output: &Output, report: &Report<'_>) -> Vec<(Vec<Cell>, Detail)> {
    let mut rows = Rows {
        output,
        rows: Vec::new(),
    };
    let Plan {
        unchanged: _,
        refreshed: _,
        imported,
        modified,
        deleted,
        duplicate,
        out_of_scope: _,
        missing: _,
        failed,
        foreign: _,
        sample: _,
    } = report.plan;
    let limit = output.is_terminal.then_some(AT_A_TERMINAL);
    let again = "--format json for all";
    // A finished run cannot be asked again, but the history can.
    let done = match report.number.filter(|_| report.refusal.is_none()) {
        Some(number) => format!("adsync history {number} for all"),
        None => again.to_owned(),
    };
    rows.add(imported, Some(NEW_USERS), &done, |it| {
        let person = Detail::words(detail::person(&it.profile()));
        let what = if it.values().enabled {
            person
        } else {
            person.and("disabled".to_owned())
        };
        (it.action().name(), it.username(), what)
    });
    rows.add(modified, limit, &done, |it| {
        let username = &it.user.values.profile.username;
        ("modified", username, detail::modified(it))
    });
    rows.add(deleted, limit, &done, |it| {
        let username = &it.user.values.profile.username;
        let why = Detail::words(detail::evidence(it.evidence));
        ("deleted", username, why)
    });
    // With --quiet, what the last run already reported is counted, not listed again.
    let is_told = |is_as_before: bool| !(output.quiet && is_as_before);
    let duplicate = duplicate.iter().filter(|it| is_told(it.is_as_before()));
    let failed = failed.iter().filter(|it| is_told(it.is_as_before()));
    rows.add(duplicate, limit, again, |it| {
        let conflicts = detail::conflicts(&it.conflicts);
        ("duplicate", it.username(), conflicts)
    });
    rows.add(report.plan.newly_out_of_scope(), limit, again, |it| {
        let username = &it.user.values.profile.username;
        let what = format!("kept; it is now {}", detail::place(&it.next));
        ("out_of_scope", username, Detail::words(what))
    });
    rows.add(missing(output, report.plan), limit, again, |it| {
        let username = &it.user.values.profile.username;
        ("missing", username, Detail::words(detail::missing(it)))
    });
    rows.add(failed, limit, again, |it| {
        let reason = Detail::words(legible(&it.reason));
        ("failed", &it.username, reason)
    });
    rows.rows
}

/// The last line of the table: its numbers, those above zero in the colour of their rows, on one line if there
/// is room.
fn summary(output: &Output, report: &Report<'_>) -> String {
    let numbers = report.numbers();
    let last = numbers.len().saturating_sub(1);
    let number = |(at, it): (usize, &Number)| {
        let comma = if at < last { "," } else { "" };
        let code = color(it.what).filter(|_| it.count > 0);
        let code = code.map(|(_, code)| code);
        (format!("{} {}", it.count, it.what), comma, code)
    };
    let aside = match (report.refusal, report.dry_run) {
        (Some(_), _) => Some(("(refused: nothing was changed)", "1;31")),
        (None, true) => Some(("(dry run: nothing was changed)", "1")),
        (None, false) => None,
    };
    let aside = aside.map(|(said, code)| (said.to_owned(), "", Some(code)));
    let room = width(&bare(output)).map_or(usize::MAX, usize::from);
    let mut text = String::new();
    if report.is_only_planned() {
        text += "would be:";
    }
    let mut taken = text.len();
    for (said, comma, code) in numbers.iter().enumerate().map(number).chain(aside) {
        let more = said.len() + comma.len();
        if taken > 0 && taken + 1 + more > room {
            text.push('\n');
            taken = 0;
        } else if taken > 0 {
            text.push(' ');
            taken += 1;
        }
        taken += more;
        match code {
            Some(code) => text += &colored(&said, code, output.color),
            None => text += &said,
        }
        text += comma;
    }
    text
}

/// The colour of a result: of its rows, and of its number above zero (an SGR code). One of the eight basic colours,
/// which the terminal's owner chose: bright yellow cannot be read on white.
fn color(what: &str) -> Option<(Color, &'static str)> {
    Some(match what {
        "added" | "restored" | "imported" => (Color::DarkGreen, "1;32"),
        "modified" => (Color::DarkCyan, "1;36"),
        "deleted" | "removed" | "failed" => (Color::DarkRed, "1;31"),
        "duplicate" | "out_of_scope" | "missing" => (Color::DarkYellow, "1;33"),
        _ => return None,
    })
}
