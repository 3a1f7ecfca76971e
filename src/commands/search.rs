//! `adsync search`: directory users by the beginning of their names, and what an import would do with
//! each.

use crate::commands::Context;
use crate::directory::FoundUser;
use crate::exit_code::ExitCode;
use crate::output::search::{self, Row};
use crate::output::table::detail;
use crate::run::preview::{self, Preview};
use crate::run::reach;
use crate::store::{Ours, View};
use crate::user::Profile;

/// Runs the command.
pub fn run(prefix: &str, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let output = context.output;
    let store = context.store().read()?;
    let (mut rows, base) = context.with_directory(None, |directory| {
        let domains = store.domains()?;
        let (domain, _) = reach::identify(&domains, directory)?;
        let ours = domains.ours(&domain);
        let found = directory.search(prefix)?;
        let rows = found.into_iter().map(|found| row(found, &*store, &ours));
        let rows = rows.collect::<anyhow::Result<Vec<_>>>()?;
        Ok((rows, directory.base().to_owned()))
    })?;
    rows.sort_by_cached_key(|row| row.profile.username.to_lowercase());
    search::print(&rows, prefix, &base, output)?;
    Ok(ExitCode::Done)
}

fn row(found: FoundUser, store: &dyn View, ours: &Ours) -> anyhow::Result<Row> {
    let FoundUser { user, display_name } = found;
    let user = match user {
        Ok(user) => user,
        Err(entry) => {
            return Ok(Row {
                profile: Profile {
                    username: entry.username.unwrap_or_else(|| entry.dn.clone()),
                    ..Profile::default()
                },
                display_name,
                guid: entry.guid,
                dn: entry.dn,
                status: "failed",
                reason: Some(entry.reason),
            });
        }
    };
    let (status, reason) = match preview::of(&user, store, ours)? {
        Preview::New => ("new", None),
        Preview::Imported => ("imported", None),
        Preview::Duplicate(conflicts) => ("duplicate", Some(detail::conflicts(&conflicts).plain())),
    };
    Ok(Row {
        profile: user.profile().to_owned(),
        display_name,
        guid: Some(user.guid),
        dn: user.dn().to_owned(),
        status,
        reason,
    })
}
