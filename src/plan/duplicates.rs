//! Finds the users who cannot have the names they want.
//!
//! The final state decides, not the order of the users: a name may be taken if its holder gives
//! it up in the same run. So the search starts by assuming that every candidate is updated
//! and withdraws those that cannot be:
//!
//! - one that newly wants a name which somebody keeps;
//! - all of those who newly want the same name;
//! - and, because a withdrawn user keeps its old names, whoever wanted one of those.
//!
//! Each step withdraws only candidates that no allowed set of updates contains, so what is left
//! is the largest allowed set, whatever the order of the steps.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Conflict, Findings, Holder, Holders, Import, Update};
use crate::user::{Folded, ObjectGuid, Profile, UniqueField, UserId};

/// The users who want names they do not have, by number: those of the store first, then those
/// to be added.
#[derive(Clone, Copy)]
pub(super) struct Candidates<'a> {
    changed: &'a [Update],
    new: &'a [Import],
}

/// One such user.
#[derive(Clone, Copy)]
pub(super) enum Candidate<'a> {
    Changed(&'a Update),
    New(&'a Import),
}

impl<'a> Candidates<'a> {
    pub(super) fn of(findings: &'a Findings) -> Self {
        Self {
            changed: &findings.changed,
            new: &findings.new,
        }
    }

    pub(super) fn len(self) -> usize {
        self.changed.len() + self.new.len()
    }

    pub(super) fn get(self, at: usize) -> Candidate<'a> {
        match self.changed.get(at) {
            Some(changed) => Candidate::Changed(changed),
            None => Candidate::New(&self.new[at - self.changed.len()]),
        }
    }
}

impl<'a> Candidate<'a> {
    pub(super) fn wanted(self) -> Profile<&'a str> {
        match self {
            Self::Changed(it) => it.next.values.profile.as_deref(),
            Self::New(it) => it.profile(),
        }
    }

    /// The name that it holds before the run.
    fn held(self, field: UniqueField) -> Option<Folded> {
        match self {
            Self::Changed(it) => it.user.values.profile.unique(field),
            Self::New(_) => None,
        }
    }

    /// The name that it wants and does not hold already.
    pub(super) fn claim(self, field: UniqueField) -> Option<Folded> {
        let wanted = self.wanted().unique(field)?;
        (self.held(field).as_ref() != Some(&wanted)).then_some(wanted)
    }

    /// All names that it wants and does not hold already.
    pub(super) fn claims(self) -> impl Iterator<Item = (UniqueField, Folded)> + 'a {
        UniqueField::ALL
            .into_iter()
            .filter_map(move |field| Some((field, self.claim(field)?)))
    }

    /// Users of the store come first, each by username.
    fn rank(self) -> (bool, Folded, Option<UserId>, Option<ObjectGuid>) {
        match self {
            Self::Changed(it) => {
                let name = it.user.values.profile.folded_username();
                (false, name, Some(it.user.id), None)
            }
            Self::New(it) => (true, Folded::new(it.username()), None, it.guid()),
        }
    }

    fn as_holder(self) -> Holder {
        let (id, username, origin) = match self {
            Self::Changed(it) => {
                let user = &it.user;
                let username = user.values.profile.username.as_str();
                (Some(user.id), username, it.next.origin.as_deref())
            }
            Self::New(it) => (None, it.username(), it.origin()),
        };
        Holder {
            id,
            username: username.to_owned(),
            origin: origin.to_owned(),
        }
    }
}

/// For each candidate that cannot be updated, who is in the way.
pub(super) fn conflicts(findings: &Findings, holders: &Holders) -> HashMap<usize, Vec<Conflict>> {
    let search = Search::new(findings, holders);
    let blocked = search.blocked();
    blocked
        .iter()
        .map(|&at| (at, search.explain(at, &blocked)))
        .collect()
}

struct Search<'a> {
    candidates: Candidates<'a>,
    holders: &'a Holders,
    claims: Claims<'a>,
    /// The users to be deleted, who give up their names.
    deleted: HashSet<UserId>,
    /// The positions of the candidates that are already in the store.
    position: HashMap<UserId, usize>,
}

impl<'a> Search<'a> {
    fn new(findings: &'a Findings, holders: &'a Holders) -> Self {
        let changed = findings.changed.iter().enumerate();
        Self {
            candidates: Candidates::of(findings),
            holders,
            claims: Claims::new(Candidates::of(findings)),
            deleted: findings.deletions.iter().map(|it| it.user.id).collect(),
            position: changed.map(|(at, it)| (it.user.id, at)).collect(),
        }
    }

    /// Withdraws candidates until nothing changes; each is withdrawn at most once.
    fn blocked(&self) -> HashSet<usize> {
        let mut blocked = HashSet::new();
        let candidates = if self.holders.is_empty() {
            // Only somebody who wants the same name can be in the way.
            self.claims.of_equal_hash()
        } else {
            (0..self.candidates.len()).collect()
        };
        let mut to_block: Vec<usize> = candidates
            .into_iter()
            .filter(|&at| {
                self.candidates.get(at).claims().any(|(field, name)| {
                    self.rivals(field, &name, at).next().is_some()
                        || self.keeper(field, &name, at, &blocked).is_some()
                })
            })
            .collect();
        while let Some(at) = to_block.pop() {
            if !blocked.insert(at) {
                continue;
            }
            // It keeps its old names, so whoever wanted them cannot have them.
            for field in UniqueField::ALL {
                if let Some(name) = self.candidates.get(at).held(field) {
                    to_block.extend(self.rivals(field, &name, at));
                }
            }
        }
        blocked
    }

    /// Whether a candidate is that holder: a user of the store, or a new one that comes back to a row that is still there.
    fn is_itself(&self, candidate: usize, holder: &Holder) -> bool {
        match self.candidates.get(candidate) {
            Candidate::Changed(it) => holder.id == Some(it.user.id),
            Candidate::New(it) => {
                let is_gone = holder.id.is_some_and(|id| self.holders.is_departed(id));
                is_gone && it.guid().is_some() && it.guid() == holder.origin.guid()
            }
        }
    }

    /// The other candidates who newly want a name, or one that the store holds for equal.
    fn rivals<'n>(
        &'n self,
        field: UniqueField,
        name: &'n Folded,
        at: usize,
    ) -> impl Iterator<Item = usize> + 'n {
        let alike = self.holders.alike(field, name).iter();
        let of_alike = alike.flat_map(move |it| self.claims.others(field, it, at));
        self.claims.others(field, name, at).chain(of_alike)
    }

    /// Who, beside the candidate itself, holds a name before the run and still does after it. A database may hold a
    /// name for equal to the one that the candidate has.
    fn keeper(
        &self,
        field: UniqueField,
        name: &Folded,
        candidate: usize,
        blocked: &HashSet<usize>,
    ) -> Option<&Holder> {
        let holder = self.holders.get(field, name)?;
        let id = holder.id?;
        let keeps = match self.position.get(&id) {
            _ if self.is_itself(candidate, holder) => false,
            _ if self.deleted.contains(&id) => self.holders.are_kept_by_deleted(),
            None => true,
            Some(at) => {
                let wanted = self.candidates.get(*at).wanted().unique(field);
                blocked.contains(at) || wanted.as_ref() == Some(name)
            }
        };
        keeps.then_some(holder)
    }

    /// Each name that a candidate cannot have, and who is in the way.
    fn explain(&self, at: usize, blocked: &HashSet<usize>) -> Vec<Conflict> {
        let candidate = self.candidates.get(at);
        let wanted = candidate.wanted();
        candidate
            .claims()
            .filter_map(|(field, name)| {
                let keeper = self.keeper(field, &name, at, blocked).cloned();
                let rival = || self.rivals(field, &name, at).next();
                Some(Conflict {
                    field,
                    value: (*wanted.get(field.field())?).to_owned(),
                    contested: keeper.is_none(),
                    holder: match keeper {
                        Some(keeper) => keeper,
                        None => self.candidates.get(rival()?).as_holder(),
                    },
                })
            })
            .collect()
    }
}

/// Who newly wants each name. In a first import that is everybody, so a claim is a single number: the hash of
/// the name with the claimant in its low bits. The claims are sorted; the names themselves are compared only
/// where two hashes are equal.
struct Claims<'a> {
    candidates: Candidates<'a>,
    sorted: Vec<u64>,
    /// The bits that hold the claimant.
    who: u64,
}

impl<'a> Claims<'a> {
    fn new(candidates: Candidates<'a>) -> Self {
        let who = (candidates.len() as u64 + 1).next_power_of_two() - 1;
        let mut sorted = Vec::with_capacity(UniqueField::ALL.len() * candidates.len());
        for at in 0..candidates.len() {
            let claims = candidates.get(at).claims();
            sorted.extend(claims.map(|(field, name)| (hash(field, &name) & !who) | at as u64));
        }
        sorted.sort_unstable();
        let claims = Self {
            candidates,
            sorted,
            who,
        };
        claims.in_order()
    }

    /// Claimants of one name are sorted, so the order in which they were found does not matter.
    fn in_order(mut self) -> Self {
        let (candidates, who) = (self.candidates, self.who);
        let alike = |one: &u64, other: &u64| (one ^ other) & !who == 0;
        for several in self.sorted.chunk_by_mut(alike) {
            if several.len() > 1 {
                several.sort_by_cached_key(|claim| {
                    let at = usize::try_from(claim & who).ok()?;
                    Some(candidates.get(at).rank())
                });
            }
        }
        self
    }

    fn who(&self, claim: u64) -> Option<usize> {
        usize::try_from(claim & self.who).ok()
    }

    /// The candidates with a claim whose hash equals that of another candidate's claim.
    fn of_equal_hash(&self) -> BTreeSet<usize> {
        let equal = self
            .sorted
            .windows(2)
            .filter(|two| (two[0] ^ two[1]) & !self.who == 0);
        equal.flatten().filter_map(|it| self.who(*it)).collect()
    }

    /// Who else than `but` newly wants a name, in order.
    fn others(
        &self,
        field: UniqueField,
        name: &Folded,
        but: usize,
    ) -> impl Iterator<Item = usize> + use<'_, 'a> {
        let wanted = hash(field, name) & !self.who;
        let name = name.clone();
        let first = self.sorted.partition_point(|claim| *claim < wanted);
        self.sorted[first..]
            .iter()
            .take_while(move |claim| **claim & !self.who == wanted)
            .filter_map(|claim| self.who(*claim))
            .filter(move |&at| {
                at != but && self.candidates.get(at).claim(field).as_ref() == Some(&name)
            })
    }
}

fn hash(field: UniqueField, name: &Folded) -> u64 {
    let mut hasher = DefaultHasher::new();
    (field, name).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use crate::plan::{Duplicate, Findings, Holder, Holders, Import, Plan, plan};
    use crate::user::{Folded, ObjectGuid, Origin, Profile, UniqueField, UserId, Values};

    fn ann(number: u8, username: &str) -> Import {
        let guid = ObjectGuid::from_bytes([number; 16]);
        let profile = Profile {
            username,
            ..Profile::default()
        };
        let values = Values {
            profile,
            enabled: true,
        };
        Import::new(&Origin::Directory { guid, dn: "CN=Ann" }, &values)
    }

    fn planned(new: Vec<Import>, holders: &Holders) -> Plan {
        let findings = Findings {
            new,
            ..Findings::default()
        };
        plan(findings, holders)
    }

    /// That a user with that identity holds `ann`.
    fn held_by(number: u8) -> Holders {
        let mut holders = Holders::default();
        let holder = Holder {
            id: Some(UserId(1)),
            username: "ann".to_owned(),
            origin: Origin::Directory {
                guid: ObjectGuid::from_bytes([number; 16]),
                dn: String::new(),
            },
        };
        holders.insert(UniqueField::Username, Folded::new("ann"), holder);
        holders
    }

    #[test]
    fn one_that_comes_back_gets_its_own_row_only_after_it_was_deleted() {
        let mut holders = held_by(7);
        let duplicates = |holders: &Holders| planned(vec![ann(7, "ann")], holders).duplicate.len();
        // It lives in the store again, with another row.
        assert_eq!(duplicates(&holders), 1);
        holders.note_departed(UserId(1));
        assert_eq!(duplicates(&holders), 0);
        let mut others = held_by(8);
        others.note_departed(UserId(1));
        assert_eq!(duplicates(&others), 1);
    }

    #[test]
    fn names_that_the_store_holds_for_equal_are_contested() {
        let mut holders = Holders::default();
        let new = || vec![ann(1, "jose"), ann(2, "josé"), ann(3, "bob")];
        assert_eq!(planned(new(), &holders).duplicate.len(), 0);
        let names = ["jose", "josé"].map(Folded::new);
        holders.make_alike(UniqueField::Username, &names);
        let plan = planned(new(), &holders);
        let duplicates: Vec<&str> = plan.duplicate.iter().map(Duplicate::username).collect();
        assert_eq!(duplicates, ["jose", "josé"]);
        assert!(plan.duplicate.iter().all(|it| it.conflicts[0].contested));
    }
}
