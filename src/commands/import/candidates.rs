//! The users that `adsync import --interactive` offers: those selected that are not in the store.

use std::collections::HashSet;

use crate::cli;
use crate::commands::{Context, picking};
use crate::directory::Read;
use crate::output::picker::{Item, Purpose};
use crate::run::preview::{Preview, Previews};
use crate::run::{Observer, reach};
use crate::store::{Ours, View};
use crate::user::{Folded, ObjectGuid};

/// A candidate, by identity; one whose identity cannot be read cannot be picked.
type Candidate = (Option<ObjectGuid>, Item);

/// The identities of those picked; `None` if there is nobody to pick from.
pub fn pick(
    arguments: &cli::Import,
    context: &Context<'_>,
) -> anyhow::Result<Option<Vec<ObjectGuid>>> {
    let store = context.store()?.read()?;
    let (read, base, ours) = context.with_directory(None, |directory| {
        let domains = store.domains()?;
        let (domain, _) = reach::identify(&domains, directory)?;
        let ours = domains.ours(&domain);
        let what = format!("reading {}", directory.base());
        let progress = context.output.counting(&what, None);
        let mut read = Vec::new();
        super::read_selection(arguments, directory, |users| {
            progress.advance(users.len() as u64);
            read.extend(users);
            Ok(())
        })?;
        Ok((read, directory.base().to_owned(), ours))
    })?;
    let (candidates, imported) = candidates(read, &*store, &ours)?;
    drop(store);
    let (aside, nobody) = match imported {
        0 => (
            String::new(),
            format!("the selection has no users in {base}"),
        ),
        imported => (
            format!(" ({imported} in the store already, not listed)"),
            format!("all {imported} of the selection are in the store"),
        ),
    };
    let is_refused = |it: &Candidate| it.1.refusal.is_some();
    let purpose = Purpose {
        title: format!("Import users of {base}{aside}"),
        verb: "import",
        note_title: if candidates.iter().any(is_refused) {
            "WHY NOT"
        } else {
            ""
        },
    };
    let picked = picking::pick(&purpose, candidates, &nobody, context.output)?;
    Ok(picked.map(|it| it.into_iter().flatten().collect()))
}

/// Those not in the store, by username, and how many there are.
fn candidates(
    read: Vec<Read>,
    store: &dyn View,
    ours: &Ours,
) -> anyhow::Result<(Vec<Candidate>, usize)> {
    let users = read.iter().filter_map(|it| it.as_ref().ok());
    let previews = Previews::of(users, store, ours)?;
    let mut candidates = Vec::new();
    let mut imported = 0;
    let mut seen = HashSet::new();
    for user in read {
        // A user moved meanwhile is read twice.
        let guid = user
            .as_ref()
            .map_or_else(|bad| bad.guid, |it| Some(it.guid));
        if guid.is_some_and(|guid| !seen.insert(guid)) {
            continue;
        }
        match candidate(user, &previews) {
            Some(candidate) => candidates.push(candidate),
            None => imported += 1,
        }
    }
    candidates.sort_by_cached_key(|(_, item)| Folded::new(&item.username));
    Ok((candidates, imported))
}

fn candidate(user: Read, previews: &Previews) -> Option<Candidate> {
    let user = match user {
        Ok(user) => user,
        Err(bad) => {
            let item = Item {
                username: bad.username.unwrap_or(bad.dn),
                name: String::new(),
                email: String::new(),
                note: bad.reason.clone(),
                refusal: Some(bad.reason),
            };
            return Some((bad.guid, item));
        }
    };
    let conflicts = match previews.preview(&user) {
        Preview::Imported => return None,
        Preview::New => Vec::new(),
        Preview::Duplicate(conflicts) => conflicts,
    };
    let item = picking::item(&user.profile(), String::new());
    Some((Some(user.guid), picking::refused(item, &conflicts)))
}
