//! Which users cannot have the names they want.
//!
//! The final state counts, not the order of the users: a name may be taken when its holder gives
//! it up in the same run. So the search starts from the assumption that every candidate is updated
//! and takes back those that cannot be:
//!
//! - one that newly wants a name which somebody keeps;
//! - all of those who newly want the same name;
//! - and, as a user that is taken back keeps its old names, whoever wanted one of those.
//!
//! Each step only ever takes back candidates that no allowed set of updates contains, so what is left
//! at the end is the largest set there is, and it is the same in whatever order one looks.

use std::collections::{HashMap, HashSet};

use super::{Candidate, Conflict, Deletion, Holder, Holders, claim, held};
use crate::user::{Folded, UniqueField, UserId};

/// For each candidate the conflicts that keep it as it is; none, if it can be updated.
pub(super) fn conflicts(
    candidates: &[Candidate],
    deletions: &[Deletion],
    holders: &Holders,
) -> Vec<Vec<Conflict>> {
    let search = Search::new(candidates, deletions, holders);
    let blocked = search.blocked();
    (0..candidates.len())
        .map(|candidate| {
            if blocked[candidate] {
                search.explain(candidate, &blocked)
            } else {
                Vec::new()
            }
        })
        .collect()
}

struct Search<'a> {
    candidates: &'a [Candidate],
    holders: &'a Holders,
    /// The users that leave the store, and with it their names.
    deleted: HashSet<UserId>,
    /// Where the candidates that are in the store already stand.
    position: HashMap<UserId, usize>,
    /// Who newly wants each name.
    claimants: HashMap<(UniqueField, Folded), Vec<usize>>,
}

impl<'a> Search<'a> {
    fn new(candidates: &'a [Candidate], deletions: &[Deletion], holders: &'a Holders) -> Self {
        let mut position = HashMap::new();
        let mut claimants: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, candidate) in candidates.iter().enumerate() {
            if let Some(user) = &candidate.current {
                position.insert(user.id, at);
            }
            for field in UniqueField::ALL {
                if let Some(name) = claim(candidate, field) {
                    claimants.entry((field, name)).or_default().push(at);
                }
            }
        }
        Self {
            candidates,
            holders,
            deleted: deletions.iter().map(|it| it.user.id).collect(),
            position,
            claimants,
        }
    }

    /// Takes back candidates until nothing changes; each is taken back at most once.
    fn blocked(&self) -> Vec<bool> {
        let mut blocked = vec![false; self.candidates.len()];
        let mut to_block: Vec<usize> = self
            .claimants
            .iter()
            .filter(|((field, name), claimants)| {
                claimants.len() > 1 || self.keeper(*field, name, &blocked).is_some()
            })
            .flat_map(|(_, claimants)| claimants.iter().copied())
            .collect();
        while let Some(candidate) = to_block.pop() {
            if std::mem::replace(&mut blocked[candidate], true) {
                continue;
            }
            // It keeps its old names, so those who wanted them cannot have them.
            for field in UniqueField::ALL {
                let name = held(&self.candidates[candidate], field);
                let wanting = name.and_then(|name| self.claimants.get(&(field, name)));
                to_block.extend(wanting.into_iter().flatten());
            }
        }
        blocked
    }

    /// Who holds a name before the run and still does after it.
    fn keeper(&self, field: UniqueField, name: &Folded, blocked: &[bool]) -> Option<&Holder> {
        let holder = self.holders.get(field, name)?;
        let id = holder.id?;
        let keeps = match self.position.get(&id) {
            _ if self.deleted.contains(&id) => false,
            None => true,
            Some(&at) => {
                let wanted = self.candidates[at].wanted.profile.unique(field);
                blocked[at] || wanted.as_ref() == Some(name)
            }
        };
        keeps.then_some(holder)
    }

    /// Each name that a candidate cannot have, and because of whom.
    fn explain(&self, at: usize, blocked: &[bool]) -> Vec<Conflict> {
        let candidate = &self.candidates[at];
        UniqueField::ALL
            .into_iter()
            .filter_map(|field| {
                let name = claim(candidate, field)?;
                let (holder, contested) = match self.keeper(field, &name, blocked) {
                    Some(keeper) => (keeper.clone(), false),
                    None => (self.rival(field, name, at)?, true),
                };
                Some(Conflict {
                    field,
                    value: wanted_text(candidate, field),
                    holder,
                    contested,
                })
            })
            .collect()
    }

    /// The first other candidate that newly wants the same name.
    fn rival(&self, field: UniqueField, name: Folded, at: usize) -> Option<Holder> {
        let claimants = self.claimants.get(&(field, name))?;
        let rival = claimants.iter().find(|&&other| other != at)?;
        let candidate = &self.candidates[*rival];
        Some(Holder {
            id: candidate.current.as_ref().map(|user| user.id),
            username: candidate.username().to_owned(),
            origin: candidate.origin.clone(),
        })
    }
}

fn wanted_text(candidate: &Candidate, field: UniqueField) -> String {
    let profile = &candidate.wanted.profile;
    match field {
        UniqueField::Username => profile.username.clone(),
        UniqueField::Email => profile.email.clone().unwrap_or_default(),
    }
}
