//! `adsync history`: past runs, what they changed, and the life of one user.

use crate::cli;
use crate::commands::Context;
use crate::error::{Failure, Kind};
use crate::exit_code::ExitCode;
use crate::output::history;
use crate::store::{Changes, Known, PastRun, Runs, View};
use crate::user::Folded;
use crate::util::nearest::nearest;

/// Runs the command.
pub fn run(arguments: &cli::History, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let store = context.store().read()?;
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
        (None, None) => history::runs(&store.runs(Runs::Last(arguments.limit))?, output)?,
    }
    Ok(ExitCode::Done)
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
    Ok(
        match nearest(name, store.usernames(Known::Ever, "", None)?) {
            Some(offer) => failure.hint(format!("did you mean {offer}?")),
            None => failure,
        },
    )
}
