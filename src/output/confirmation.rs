//! The question at the terminal before users are deleted.
//!
//! The guard comes first and no answer overrides it. Where nobody can be asked, as in cron, the
//! guard alone decides.

use comfy_table::Cell;

use super::question::{self, Answer, PATIENCE};
use super::table::{self, detail};
use super::{Output, legible};
use crate::plan::{Deletion, Plan};
use crate::run::Confirmation;
use crate::store::Command;

/// How many users the question names.
const NAMED: usize = 20;

/// Asks once whether to delete the users that the plan deletes.
pub fn of_deletions(plan: &Plan, command: Command, output: &Output) -> Confirmation {
    if plan.deleted.is_empty() || !output.can_ask {
        return Confirmation::NotAsked;
    }
    let about = list(&plan.deleted, command, output);
    match question::ask(&about, &question(plan.deleted.len(), command)) {
        Answer::Yes => Confirmation::Given,
        Answer::No => Confirmation::Refused("not confirmed".to_owned()),
        Answer::None => {
            let minutes = PATIENCE.as_secs() / 60;
            Confirmation::Refused(format!("no answer in {minutes} minutes"))
        }
    }
}

fn question(count: usize, command: Command) -> String {
    let verb = if command == Command::Remove {
        "Remove"
    } else {
        "Delete"
    };
    let users = if count == 1 { "user" } else { "users" };
    format!("{verb} {count} {users}?")
}

fn list(deletions: &[Deletion], command: Command, output: &Output) -> String {
    let mut table = table::table(output, &["USERNAME", "WHO", "WHY"]);
    for Deletion { user, evidence } in deletions.iter().take(NAMED) {
        let profile = &user.values.profile;
        table.add_row([
            Cell::new(legible(&profile.username)),
            Cell::new(detail::person(profile)),
            Cell::new(detail::evidence(*evidence)),
        ]);
    }
    let text = table::text(&table);
    let all = match command {
        Command::Sync => " (`adsync sync --dry-run` shows all)",
        Command::Undo => " (with --dry-run, all of them)",
        _ => "",
    };
    match deletions.len().saturating_sub(NAMED) {
        0 => text,
        more => format!("{text}… and {more} more{all}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::question;
    use crate::store::Command;

    #[test]
    fn one_user_is_no_users() {
        assert_eq!(question(1, Command::Sync), "Delete 1 user?");
        assert_eq!(question(2, Command::Sync), "Delete 2 users?");
        assert_eq!(question(2, Command::Remove), "Remove 2 users?");
    }
}
