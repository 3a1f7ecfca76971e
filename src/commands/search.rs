//! `adsync search`: directory users by the beginning of their names, and what an import would do with
//! each.

use crate::commands::Context;
use crate::directory::FoundUser;
use crate::exit_code::ExitCode;
use crate::output::search::{self, Row};
use crate::output::table::detail;
use crate::run::preview::{Preview, Previews};
use crate::run::reach;
use crate::user::Profile;

/// Runs the command.
pub fn run(prefix: &str, context: &Context<'_>) -> anyhow::Result<ExitCode> {
    let output = context.output;
    let store = context.store()?.read()?;
    let (mut rows, base) = context.with_directory(None, |directory| {
        let domains = store.domains()?;
        let (domain, _) = reach::identify(&domains, directory)?;
        let ours = domains.ours(&domain);
        let found = directory.search(prefix)?;
        let users = found.iter().filter_map(|it| it.user.as_ref().ok());
        let previews = Previews::of(users, &*store, &ours)?;
        let rows: Vec<Row> = found.into_iter().map(|it| row(it, &previews)).collect();
        Ok((rows, directory.base().to_owned()))
    })?;
    rows.sort_by_cached_key(|row| row.profile.username.to_lowercase());
    search::print(&rows, prefix, &base, output)?;
    Ok(ExitCode::Done)
}

fn row(found: FoundUser, previews: &Previews) -> Row {
    let FoundUser { user, display_name } = found;
    let user = match user {
        Ok(user) => user,
        Err(entry) => {
            return Row {
                profile: Profile {
                    username: entry.username.unwrap_or_else(|| entry.dn.clone()),
                    ..Profile::default()
                },
                display_name,
                guid: entry.guid,
                dn: entry.dn,
                status: "failed",
                reason: Some(entry.reason),
            };
        }
    };
    let (status, reason) = match previews.preview(&user) {
        Preview::New => ("new", None),
        Preview::Imported => ("imported", None),
        Preview::Duplicate(conflicts) => ("duplicate", Some(detail::conflicts(&conflicts).plain())),
    };
    Row {
        profile: user.profile().to_owned(),
        display_name,
        guid: Some(user.guid),
        dn: user.dn().to_owned(),
        status,
        reason,
    }
}
