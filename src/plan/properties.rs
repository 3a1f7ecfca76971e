//! The rules of the plan as properties: of every store and every change of the directory that a
//! small world can have.
//!
//! Names are drawn from a handful of letters in both cases, so that swaps, cycles, chains, freed names
//! and clashes are what happens, not the exception.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::user::{Profile, Tracking, Values};

/// One user of the small world: what the store has of it, and what happened to it in the directory.
#[derive(Clone, Debug)]
struct Person {
    username: String,
    email: Option<String>,
    fate: Fate,
}

#[derive(Clone, Debug)]
enum Fate {
    /// Local, or not looked at in this run.
    Bystander,
    Unchanged,
    Wants {
        username: String,
        email: Option<String>,
    },
    Gone,
    OutOfScope,
    Missing,
    Failed,
}

/// Someone the store does not have.
type Newcomer = (String, Option<String>);

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "A", "b", "c", "C", "d", "e"]).prop_map(str::to_owned)
}

fn email() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.6, name())
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        1 => Just(Fate::Bystander),
        1 => Just(Fate::Unchanged),
        6 => (name(), email()).prop_map(|(username, email)| Fate::Wants { username, email }),
        1 => Just(Fate::Gone),
        1 => Just(Fate::OutOfScope),
        1 => Just(Fate::Missing),
        1 => Just(Fate::Failed),
    ]
}

/// A store that keeps its own rule: no two users share a folded name.
fn people() -> impl Strategy<Value = Vec<Person>> {
    prop::collection::vec((name(), email(), fate()), 0..7).prop_map(|people| {
        let mut usernames = HashSet::new();
        let mut emails = HashSet::new();
        people
            .into_iter()
            .filter(|(username, _, _)| usernames.insert(Folded::new(username)))
            .map(|(username, email, fate)| Person {
                username,
                email: email.filter(|email| emails.insert(Folded::new(email))),
                fate,
            })
            .collect()
    })
}

fn newcomers() -> impl Strategy<Value = Vec<Newcomer>> {
    prop::collection::vec((name(), email()), 0..3)
}

fn values(username: &str, email: Option<&String>) -> Values {
    Values {
        profile: Profile {
            username: username.to_owned(),
            email: email.cloned(),
            ..Profile::default()
        },
        enabled: true,
    }
}

fn origin(number: usize) -> Origin {
    let byte = u8::try_from(number).unwrap_or(u8::MAX);
    Origin::Directory {
        guid: ObjectGuid::from_bytes([byte; 16]),
        dn: format!("CN={number}"),
    }
}

fn stored(people: &[Person]) -> Vec<StoredUser> {
    people
        .iter()
        .enumerate()
        .map(|(number, person)| StoredUser {
            id: UserId(i64::try_from(number).unwrap_or(i64::MAX) + 1),
            origin: origin(number),
            values: values(&person.username, person.email.as_ref()),
            status: Status::Ok,
            synced_at: None,
            tracking: Tracking::default(),
        })
        .collect()
}

fn holders(store: &[StoredUser]) -> Holders {
    let mut holders = Holders::default();
    for user in store {
        for field in UniqueField::ALL {
            if let Some(name) = user.values.profile.unique(field) {
                let holder = Holder {
                    id: Some(user.id),
                    username: user.values.profile.username.clone(),
                    origin: user.origin.clone(),
                };
                holders.insert(field, name, holder);
            }
        }
    }
    holders
}

/// What a run would have found.
fn findings(people: &[Person], newcomers: &[Newcomer]) -> Findings {
    let mut findings = Findings::default();
    for (user, person) in stored(people).into_iter().zip(people) {
        let dn = user.origin.dn().unwrap_or_default().to_owned();
        match &person.fate {
            Fate::Bystander => {}
            Fate::Unchanged => findings.unchanged += 1,
            Fate::Wants { username, email } => {
                let wanted = values(username, email.as_ref());
                if wanted == user.values {
                    findings.unchanged += 1;
                } else {
                    let next = StoredUser {
                        values: wanted,
                        ..user.clone()
                    };
                    findings.changed.push(Update { user, next });
                }
            }
            Fate::Gone => findings.deletions.push(Deletion {
                user,
                evidence: Evidence::Absent,
            }),
            Fate::OutOfScope => findings.out_of_scope.push(Update {
                next: user.with_status(Status::OutOfScope, None),
                user,
            }),
            Fate::Missing => findings.missing.push(Missing {
                next: user.with_status(Status::Missing, None),
                user,
            }),
            Fate::Failed => findings.failed.push(FailedUser {
                guid: user.origin.guid(),
                username: person.username.clone(),
                user: Some(user),
                dn: Some(dn),
                reason: "unusable".to_owned(),
            }),
        }
    }
    for (number, (username, email)) in newcomers.iter().enumerate() {
        let (origin, values) = (origin(100 + number), values(username, email.as_ref()));
        findings.new.push(Import::new(&origin, &values));
    }
    findings
}

/// The store after the plan: the least that applying could do.
fn applied(store: &[StoredUser], plan: &Plan) -> Vec<StoredUser> {
    let deleted: HashSet<UserId> = plan.deleted.iter().map(|it| it.user.id).collect();
    let mut after: Vec<StoredUser> = store
        .iter()
        .filter(|user| !deleted.contains(&user.id))
        .cloned()
        .collect();
    for it in &plan.modified {
        for user in after.iter_mut().filter(|user| user.id == it.user.id) {
            user.values = it.next.values.clone();
        }
    }
    for (number, it) in plan.imported.iter().enumerate() {
        after.push(StoredUser {
            id: UserId(1000 + i64::try_from(number).unwrap_or(0)),
            origin: it.origin().to_owned(),
            values: it.values().to_owned(),
            status: Status::Ok,
            synced_at: None,
            tracking: Tracking::default(),
        });
    }
    after
}

fn clash(store: &[StoredUser]) -> Option<(UniqueField, Folded)> {
    UniqueField::ALL.into_iter().find_map(|field| {
        let mut taken = HashSet::new();
        store
            .iter()
            .filter_map(|user| user.values.profile.unique(field))
            .find(|name| !taken.insert(name.clone()))
            .map(|name| (field, name))
    })
}

/// How many candidates the largest allowed set of updates has, by trying every set.
///
/// Written from the rule, not from the code: a set is allowed if no two users share a name
/// afterwards, and none in it newly wants a name that another candidate newly wants too.
fn largest_allowed(findings: &Findings, store: &[StoredUser]) -> usize {
    let new = findings.new.iter().map(|it| it.values().to_owned());
    let new: Vec<Values> = new.collect();
    let updates: Vec<Candidate> = findings
        .changed
        .iter()
        .map(|it| (Some(&it.user), &it.next.values))
        .chain(new.iter().map(|values| (None, values)))
        .collect();
    let contested: Vec<bool> = (0..updates.len())
        .map(|at| {
            UniqueField::ALL.into_iter().any(|field| {
                let wanted = newly_wanted(updates[at], field);
                wanted.is_some()
                    && (0..updates.len())
                        .any(|other| other != at && newly_wanted(updates[other], field) == wanted)
            })
        })
        .collect();
    let gone: HashSet<UserId> = findings.deletions.iter().map(|it| it.user.id).collect();
    (0..1_u32 << updates.len())
        .filter(|set| {
            let chosen = |at: &usize| set & (1 << at) != 0;
            let them: Vec<usize> = (0..updates.len()).filter(chosen).collect();
            if them.iter().any(|&at| contested[at]) {
                return false;
            }
            let mut after: HashMap<i64, &Values> = store
                .iter()
                .filter(|user| !gone.contains(&user.id))
                .map(|user| (user.id.0, &user.values))
                .collect();
            for at in them {
                let (user, wanted) = updates[at];
                // A new user gets a number that no other has.
                let id = user.map_or(-1 - i64::try_from(at).unwrap_or(0), |user| user.id.0);
                after.insert(id, wanted);
            }
            UniqueField::ALL.into_iter().all(|field| {
                let mut taken = HashSet::new();
                after
                    .values()
                    .filter_map(|values| values.profile.unique(field))
                    .all(|name| taken.insert(name))
            })
        })
        .map(u32::count_ones)
        .max()
        .map_or(0, |size| size as usize)
}

/// A user, if the store has it, and the values it wants.
type Candidate<'a> = (Option<&'a StoredUser>, &'a Values);

fn newly_wanted((user, wanted): Candidate<'_>, field: UniqueField) -> Option<Folded> {
    let name = wanted.profile.unique(field)?;
    let held = user.and_then(|user| user.values.profile.unique(field));
    (held != Some(name.clone())).then_some(name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_two_users_ever_share_a_name(people in people(), newcomers in newcomers()) {
        let store = stored(&people);
        let plan = plan(findings(&people, &newcomers), &holders(&store));
        prop_assert_eq!(clash(&applied(&store, &plan)), None);
    }

    #[test]
    fn no_larger_set_of_updates_is_allowed(people in people(), newcomers in newcomers()) {
        let store = stored(&people);
        let found = findings(&people, &newcomers);
        let largest = largest_allowed(&found, &store);
        let plan = plan(found, &holders(&store));
        prop_assert_eq!(plan.modified.len() + plan.imported.len(), largest);
    }

    #[test]
    fn order_does_not_matter(
        (people, newcomers, seed) in (people(), newcomers(), any::<u64>())
    ) {
        let store = stored(&people);
        let mut shuffled = findings(&people, &newcomers);
        shuffle(&mut shuffled.changed, seed);
        shuffle(&mut shuffled.new, seed);
        shuffle(&mut shuffled.deletions, seed);
        shuffle(&mut shuffled.failed, seed);
        shuffle(&mut shuffled.out_of_scope, seed);
        shuffle(&mut shuffled.missing, seed);
        let straight = plan(findings(&people, &newcomers), &holders(&store));
        prop_assert_eq!(straight, plan(shuffled, &holders(&store)));
    }

    #[test]
    fn every_user_is_in_exactly_one_bucket(people in people(), newcomers in newcomers()) {
        let store = stored(&people);
        let looked_at = people.iter().filter(|it| !matches!(it.fate, Fate::Bystander)).count();
        let plan = plan(findings(&people, &newcomers), &holders(&store));
        prop_assert_eq!(plan.checked(), (looked_at + newcomers.len()) as u64);

        let mut named = Vec::new();
        named.extend(plan.modified.iter().map(|it| it.user.id));
        named.extend(plan.deleted.iter().map(|it| it.user.id));
        named.extend(plan.out_of_scope.iter().map(|it| it.user.id));
        named.extend(plan.missing.iter().map(|it| it.user.id));
        named.extend(plan.failed.iter().filter_map(|it| it.user.as_ref()).map(|it| it.id));
        named.extend(
            plan.duplicate.iter().filter_map(Duplicate::user).map(|it| it.id),
        );
        let distinct: HashSet<_> = named.iter().collect();
        prop_assert_eq!(distinct.len(), named.len());
    }

    #[test]
    fn bystanders_and_those_left_alone_stay_as_they_are(
        people in people(), newcomers in newcomers()
    ) {
        let store = stored(&people);
        let plan = plan(findings(&people, &newcomers), &holders(&store));
        let after = applied(&store, &plan);
        for (user, person) in store.iter().zip(&people) {
            let stays = match person.fate {
                Fate::Wants { .. } => {
                    plan.duplicate.iter().any(|it| it.user() == Some(user))
                }
                Fate::Gone => false,
                _ => true,
            };
            if stays {
                prop_assert!(after.contains(user));
            }
        }
    }

    #[test]
    fn applying_and_planning_again_changes_nothing(people in people(), newcomers in newcomers()) {
        let store = stored(&people);
        let first = plan(findings(&people, &newcomers), &holders(&store));
        let after = applied(&store, &first);

        // The directory says the same as before; what was updated is in step with it now.
        let mut again = Findings::default();
        for Duplicate { wanted, conflicts: _ } in first.duplicate.clone() {
            match wanted {
                Wanted::Changed(it) => again.changed.push(*it),
                Wanted::New(it) => again.new.push(*it),
            }
        }
        let second = plan(again, &holders(&after));
        prop_assert!(!second.has_changes());
        prop_assert_eq!(second.duplicate.len(), first.duplicate.len());
    }

    #[test]
    fn each_duplicate_says_who_is_in_the_way(people in people(), newcomers in newcomers()) {
        let store = stored(&people);
        let plan = plan(findings(&people, &newcomers), &holders(&store));
        let after = applied(&store, &plan);
        for duplicate in &plan.duplicate {
            prop_assert!(!duplicate.conflicts.is_empty());
            for conflict in &duplicate.conflicts {
                let name = Folded::new(&conflict.value);
                let holds = after.iter().any(|user| {
                    Some(user.id) == conflict.holder.id
                        && user.values.profile.unique(conflict.field).as_ref() == Some(&name)
                });
                prop_assert_eq!(holds, !conflict.contested);
            }
        }
    }
}

/// A shuffle that depends on nothing but the seed (a linear congruential generator, Knuth's MMIX).
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (seed >> 33) as usize % (last + 1));
    }
}
