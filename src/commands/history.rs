//! `adsync history`: past runs, what they changed, and the life of one user.

use crate::cli;
use crate::commands::Context;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::{Output, history};
use crate::plan::Action;
use crate::store::{Changes, Known, PastRun, Runs, View};
use crate::user::Folded;
use crate::util::nearest::Nearest;

/// How many runs are listed where nothing says how many.
const USUAL: u64 = 20;

/// Runs the command.
pub fn run(arguments: &cli::History, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let store = context.store()?.read()?;
    let output = context.output;
    match (arguments.run, &arguments.user) {
        (Some(number), _) => {
            let run = past_run(&*store, number)?;
            history::changes(Some(&run), &store.changes(Changes::OfRun(number))?, output)?;
        }
        (None, Some(name)) => {
            let changes = store.changes(Changes::OfName(&Folded::new(name)))?;
            if changes.is_empty() {
                return Err(unknown(name, &*store)?.into());
            }
            history::changes(None, &changes, output)?;
        }
        (None, None) => several(arguments, &*store, output)?,
    }
    Ok(ExitCode::Done)
}

/// Runs, or the changes of several of them.
fn several(arguments: &cli::History, store: &dyn View, output: &Output) -> anyhow::Result<()> {
    let cli::History {
        limit,
        since,
        until,
        action,
        ..
    } = arguments;
    let shows_changes = arguments.changes || action.is_some();
    let is_bounded = since.is_some() || until.is_some() || shows_changes;
    let limit = limit.unwrap_or(if is_bounded { u64::MAX } else { USUAL });
    let mut runs = store.runs(Runs::Last(if is_bounded { u64::MAX } else { limit }))?;
    runs.retain(|run| {
        since.is_none_or(|it| run.started_at >= it) && until.is_none_or(|it| run.started_at < it)
    });
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if !shows_changes {
        return Ok(history::runs(&runs, output)?);
    }
    let action = action.as_deref().and_then(Action::from_name);
    let mut changes = Vec::new();
    for run in runs.iter().rev() {
        let of_run = store.changes(Changes::OfRun(run.run))?.into_iter();
        changes.extend(of_run.filter(|it| action.is_none_or(|action| it.action == action)));
    }
    Ok(history::changes(None, &changes, output)?)
}

/// The run with that number; the error says that there is none.
pub fn past_run(store: &dyn View, number: i64) -> anyhow::Result<PastRun> {
    store.run(number)?.ok_or_else(|| {
        let message = format!("no run {number} in the history");
        let hint = "`adsync history` lists the runs; those older than history_days are forgotten";
        Failure::new(Kind::UnknownName, message).hint(hint).into()
    })
}

fn unknown(name: &str, store: &dyn View) -> anyhow::Result<Failure> {
    let failure = Failure::new(
        Kind::UnknownName,
        format!("nobody in the history was ever {name:?}"),
    );
    let mut nearest = Nearest::to(name);
    store.each_username(Known::Ever, &mut |known| nearest.see(known))?;
    Ok(match nearest.found() {
        Some(offer) => failure.hint(format!("did you mean {offer}?")),
        None => failure,
    })
}
