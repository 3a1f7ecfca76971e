//! `--interactive`: a person picks users from a list.
//!
//! Picking takes time, so neither the store nor a connection is held meanwhile. The run begins
//! afterwards, and looks at everybody picked again.

use std::collections::HashMap;

use crate::commands::{Context, names};
use crate::error::{Failure, Kind};
use crate::output::Output;
use crate::output::picker::{self, Item, Purpose};
use crate::output::table::detail;
use crate::plan::Conflict;
use crate::store::{Keys, Listing, View};
use crate::user::{Profile, StoredUser, UniqueField, UserId};

/// Refuses if nobody can pick; `instead` names what works without a terminal.
pub fn require_terminal(output: &Output, instead: &str) -> Result<(), Failure> {
    if output.can_draw() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Usage,
        "--interactive needs a terminal, on standard input and standard error",
    )
    .hint(format!("without one, {instead}")))
}

/// A list item that can be picked.
pub fn item<T: AsRef<str>>(profile: &Profile<T>, note: String) -> Item {
    let profile = profile.as_deref();
    Item {
        username: profile.username.to_owned(),
        name: profile.full_name(),
        email: profile.email.unwrap_or_default().to_owned(),
        note,
        refusal: None,
    }
}

/// Those that a person picked; `None` if there is nobody to pick from, which `nobody` says.
pub fn pick<T: Clone>(
    purpose: &Purpose,
    candidates: Vec<(T, Item)>,
    nobody: &str,
    output: &Output,
) -> anyhow::Result<Option<Vec<T>>> {
    if candidates.is_empty() {
        output.note(&format!("nobody to pick: {nobody}"));
        return Ok(None);
    }
    let (candidates, items): (Vec<T>, Vec<Item>) = candidates.into_iter().unzip();
    let Some(picked) = picker::pick(purpose, &items, output.color_errors)? else {
        return Err(Failure::new(Kind::Failed, "left the list; nothing was changed").into());
    };
    let names: Vec<&str> = picked.iter().map(|&at| &*items[at].username).collect();
    let (count, all, names) = (picked.len(), items.len(), names::shortened(&names));
    output.note(&format!("picked {count} of {all}: {names}"));
    let picked = picked.into_iter().map(|at| candidates[at].clone());
    Ok(Some(picked.collect()))
}

/// Users of the store that a person picked; `None` if there is nobody to pick from, which `nobody` says.
pub fn from_store(
    context: &Context<'_>,
    purpose: &Purpose,
    nobody: &str,
    note: impl Fn(&StoredUser) -> Option<String>,
) -> anyhow::Result<Option<Vec<StoredUser>>> {
    let store = context.store()?.read()?;
    let mut candidates = Vec::new();
    store.list(&Listing::default(), &mut |user| {
        if let Some(note) = note(&user) {
            let item = item(&user.values.profile, note);
            candidates.push((user, item));
        }
        Ok(())
    })?;
    drop(store);
    pick(purpose, candidates, nobody, context.output)
}

/// Those picked, as the store has them now. Whoever is gone or has another name since is an
/// error: it is no longer the one that was picked.
pub fn again(store: &dyn View, picked: &[StoredUser]) -> anyhow::Result<Vec<StoredUser>> {
    let rows: Vec<UserId> = picked.iter().map(|it| it.id).collect();
    let users = store.users(Keys::Rows(&rows))?;
    let name = |user: &StoredUser| (user.id, user.values.profile.username.clone());
    let there: HashMap<UserId, String> = users.iter().map(name).collect();
    let is_gone = |old: &&StoredUser| there.get(&old.id) != Some(&old.values.profile.username);
    let gone = picked.iter().filter(is_gone);
    let gone: Vec<&str> = gone.map(|it| &*it.values.profile.username).collect();
    if gone.is_empty() {
        return Ok(users);
    }
    let message = format!(
        "another run changed the store while you picked: {} is no longer as picked",
        gone.join(", ")
    );
    Err(Failure::new(Kind::UnknownName, message)
        .hint("pick again")
        .into())
}

/// A list item, which cannot be picked if there are conflicts.
pub fn refused(item: Item, conflicts: &[Conflict]) -> Item {
    let is_held = |field: &UniqueField| conflicts.iter().any(|it| it.field == *field);
    let held: Vec<&str> = UniqueField::ALL
        .iter()
        .filter(|field| is_held(field))
        .map(|field| field.field().name())
        .collect();
    let verb = match held.len() {
        0 => return item,
        1 => "exists",
        _ => "exist",
    };
    Item {
        note: format!("{} already {verb}", held.join(" and ")),
        refusal: Some(detail::conflicts(conflicts).plain()),
        ..item
    }
}
