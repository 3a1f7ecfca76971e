//! The rules of the plan, once more and plainly: users in a map, and every set of updates tried.
//!
//! Written from what adsync promises, not from how it works. It knows no server and no database.

use std::collections::{BTreeMap, BTreeSet};

use testdir::Uuid;

/// A row of the store, for as long as the user lives and when it is brought back.
pub(crate) type Key = usize;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Values {
    pub(crate) username: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) contact_number: Option<String>,
    pub(crate) enabled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Ok,
    Duplicate,
    OutOfScope,
    Failed,
    Restored,
}

/// A user of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    pub(crate) values: Values,
    /// None for a local user.
    pub(crate) guid: Option<Uuid>,
    pub(crate) dn: Option<String>,
    pub(crate) status: Status,
}

impl User {
    /// What a result calls it, whatever its name is.
    pub(crate) fn identity(&self) -> String {
        let guid = self.guid.map(|guid| guid.to_string());
        guid.unwrap_or_else(|| self.values.username.clone())
    }
}

/// A user that left the store, as it was.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// The number of the run that deleted it.
    pub(crate) run: i64,
    key: Key,
    user: User,
}

impl Record {
    pub(crate) fn name(&self) -> &str {
        &self.user.values.username
    }
}

/// The store, and what can be brought back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) users: BTreeMap<Key, User>,
    pub(crate) records: Vec<Record>,
    next: Key,
}

/// What a directory shows of one account to a run.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) guid: Uuid,
    pub(crate) dn: String,
    pub(crate) whereabouts: Whereabouts,
    /// Its objectGUID cannot be read.
    pub(crate) is_nameless: bool,
    /// It is not found by its objectGUID.
    pub(crate) is_lost: bool,
    /// None, if they cannot be used.
    pub(crate) values: Option<Values>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    InScope,
    Elsewhere,
    Tombstone,
}

/// What became of each user, by identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets {
    pub(crate) new: BTreeSet<String>,
    pub(crate) modified: BTreeSet<String>,
    /// With the evidence.
    pub(crate) deleted: BTreeMap<String, &'static str>,
    pub(crate) duplicate: BTreeSet<String>,
    pub(crate) out_of_scope: BTreeSet<String>,
    pub(crate) failed: BTreeSet<String>,
}

/// What a command shall do.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) after: Store,
    /// None, if it ends before there is a plan.
    pub(crate) buckets: Option<Buckets>,
}

impl Outcome {
    pub(crate) fn nothing(code: i32, store: &Store) -> Self {
        Self {
            code,
            after: store.clone(),
            buckets: None,
        }
    }
}

/// How many deletions a run may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MaxDeletes {
    Number(usize),
    Percent(usize),
}

/// What the settings and the command line say of a run.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line or the settings"
)]
pub(crate) struct Terms {
    pub(crate) max_deletes: MaxDeletes,
    pub(crate) allow_deletes: Option<usize>,
    pub(crate) out_of_scope_is_deleted: bool,
    pub(crate) strict: bool,
    pub(crate) dry_run: bool,
    pub(crate) exit_code: bool,
}

/// Unicode case folding, as far as the names of these tests need it.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase().replace('ß', "ss").replace('ς', "σ")
}

/// A user that shall have other values.
#[derive(Clone, Debug)]
struct Wish {
    /// None for one that is to be new.
    key: Option<Key>,
    user: User,
}

fn names(values: &Values) -> Vec<String> {
    // The field is a part of the name, so that a username is no address.
    let email = values.email.as_deref().map(|it| format!("@ {}", fold(it)));
    std::iter::once(format!("= {}", fold(&values.username)))
        .chain(email)
        .collect()
}

impl Store {
    pub(crate) fn by_name(&self, name: &str) -> Option<Key> {
        let mut users = self.users.iter();
        users
            .find(|(_, user)| fold(&user.values.username) == fold(name))
            .map(|(key, _)| *key)
    }

    pub(crate) fn by_guid(&self, guid: Uuid) -> Option<Key> {
        let mut users = self.users.iter();
        users
            .find(|(_, user)| user.guid == Some(guid))
            .map(|(key, _)| *key)
    }

    pub(crate) fn imported(&self) -> BTreeSet<Key> {
        let users = self.users.iter();
        users
            .filter(|(_, user)| user.guid.is_some())
            .map(|(key, _)| *key)
            .collect()
    }

    fn insert(&mut self, user: User) {
        self.users.insert(self.next, user);
        self.next += 1;
    }

    fn delete(&mut self, key: Key, run: i64) {
        if let Some(user) = self.users.remove(&key) {
            self.records.push(Record { run, key, user });
        }
    }

    /// Which of the wishes may be granted: the largest set after which no two users share a name, and
    /// in which nobody has a name that another one newly wants as well.
    fn grantable(&self, wishes: &[Wish], gone: &BTreeSet<Key>) -> Vec<bool> {
        let held = |wish: &Wish| {
            let user = wish.key.and_then(|key| self.users.get(&key));
            user.map(|user| names(&user.values)).unwrap_or_default()
        };
        let claims: Vec<Vec<String>> = wishes
            .iter()
            .map(|wish| {
                let held = held(wish);
                let wanted = names(&wish.user.values).into_iter();
                wanted.filter(|name| !held.contains(name)).collect()
            })
            .collect();
        let is_contested = |at: usize| {
            claims[at].iter().any(|name| {
                let mut others = claims.iter().enumerate();
                others.any(|(other, claims)| other != at && claims.contains(name))
            })
        };
        // Whoever wants no other name can always be updated; the others are tried in every combination.
        let tried: Vec<usize> = (0..wishes.len())
            .filter(|at| !claims[*at].is_empty() && !is_contested(*at))
            .collect();
        let granted = |at: &usize| claims[*at].is_empty();
        let moving: BTreeSet<Key> = (0..wishes.len())
            .filter(|at| granted(at) || tried.contains(at))
            .filter_map(|at| wishes[at].key)
            .collect();
        let staying = self
            .users
            .iter()
            .filter(|(key, _)| !gone.contains(key) && !moving.contains(key))
            .flat_map(|(_, user)| names(&user.values));
        let fixed: Vec<String> = (0..wishes.len())
            .filter(granted)
            .flat_map(|at| names(&wishes[at].user.values))
            .chain(staying)
            .collect();
        let choices: Vec<[Vec<String>; 2]> = tried
            .iter()
            .map(|at| [held(&wishes[*at]), names(&wishes[*at].user.values)])
            .collect();
        let mut best: Vec<u32> = Vec::new();
        for set in 0..1_u32 << tried.len() {
            let size = best.first().map_or(0, |best| best.count_ones());
            if !best.is_empty() && set.count_ones() < size {
                continue;
            }
            let chosen = choices.iter().enumerate();
            let all = chosen
                .flat_map(|(bit, [old, new])| if set >> bit & 1 == 1 { new } else { old })
                .chain(&fixed);
            let mut seen = BTreeSet::new();
            if all.into_iter().all(|name| seen.insert(name)) {
                if set.count_ones() > size {
                    best.clear();
                }
                best.push(set);
            }
        }
        assert_eq!(best.len(), 1, "no single largest set: {wishes:?}");
        (0..wishes.len())
            .map(|at| match tried.iter().position(|it| *it == at) {
                Some(bit) => best[0] >> bit & 1 == 1,
                None => claims[at].is_empty(),
            })
            .collect()
    }

    /// Grants what can be granted; the others are duplicates.
    fn grant(&mut self, wishes: Vec<Wish>, gone: &BTreeSet<Key>, buckets: &mut Buckets) {
        let granted = self.grantable(&wishes, gone);
        for (wish, granted) in wishes.into_iter().zip(granted) {
            let old = wish.key.and_then(|key| self.users.get_mut(&key));
            match (old, granted) {
                (Some(old), true) => {
                    if old.values != wish.user.values {
                        buckets.modified.insert(old.identity());
                    }
                    *old = wish.user;
                }
                (Some(old), false) => {
                    buckets.duplicate.insert(old.identity());
                    old.status = Status::Duplicate;
                }
                (None, true) => {
                    buckets.new.insert(wish.user.identity());
                    self.insert(wish.user);
                }
                (None, false) => _ = buckets.duplicate.insert(wish.user.identity()),
            }
        }
    }

    fn fail(&mut self, key: Key, buckets: &mut Buckets) {
        if let Some(user) = self.users.get_mut(&key) {
            user.status = Status::Failed;
            buckets.failed.insert(user.identity());
        }
    }
}

fn from_directory(sight: &Sight, values: &Values) -> User {
    User {
        values: values.clone(),
        guid: Some(sight.guid),
        dn: Some(sight.dn.clone()),
        status: Status::Ok,
    }
}

fn code(buckets: &Buckets, is_partial: bool, terms: &Terms) -> i32 {
    let has_changes = [
        buckets.new.len(),
        buckets.modified.len(),
        buckets.deleted.len(),
    ] != [0; 3];
    if is_partial || !buckets.failed.is_empty() || (terms.strict && !buckets.duplicate.is_empty()) {
        7
    } else if terms.exit_code && has_changes {
        3
    } else {
        0
    }
}

fn ended(store: &Store, after: Store, buckets: Buckets, partial: bool, terms: &Terms) -> Outcome {
    Outcome {
        code: code(&buckets, partial, terms),
        after: if terms.dry_run { store.clone() } else { after },
        buckets: Some(buckets),
    }
}

/// `sync` of all imported users, or of these.
pub(crate) fn sync(
    store: &Store,
    chosen: Option<&BTreeSet<Key>>,
    sights: &[Sight],
    terms: &Terms,
    run: i64,
) -> Outcome {
    let subjects = chosen.cloned().unwrap_or_else(|| store.imported());
    let guid = |key: &Key| store.users[key].guid;
    let is_subject = |sight: &Sight| subjects.iter().any(|key| guid(key) == Some(sight.guid));
    let in_scope: Vec<&Sight> = sights
        .iter()
        .filter(|it| it.whereabouts == Whereabouts::InScope)
        .filter(|it| chosen.is_none() || (is_subject(it) && !it.is_lost))
        .collect();
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    let mut wishes = Vec::new();
    let mut missing = BTreeSet::new();
    for key in &subjects {
        let mut named = in_scope.iter().filter(|it| !it.is_nameless);
        match named.find(|it| guid(key) == Some(it.guid)) {
            None => _ = missing.insert(*key),
            Some(sight) => match &sight.values {
                None => after.fail(*key, &mut buckets),
                Some(values) => wishes.push(Wish {
                    key: Some(*key),
                    user: from_directory(sight, values),
                }),
            },
        }
    }

    // An entry whose identity cannot be read is the user that was last seen at its DN and is not seen
    // elsewhere; or it may be anybody that seems missing.
    let mut is_doubtful = false;
    let mut is_partial = false;
    for entry in in_scope.iter().filter(|it| it.is_nameless) {
        is_partial = true;
        let owners: Vec<Key> = missing
            .iter()
            .filter(|key| after.users[key].dn.as_ref() == Some(&entry.dn))
            .filter(|key| after.users[key].status != Status::Restored)
            .copied()
            .collect();
        is_doubtful |= owners.is_empty();
        for key in owners {
            after.fail(key, &mut buckets);
            missing.remove(&key);
        }
    }
    let found = |key: &Key| {
        let mut found = sights.iter().filter(|it| !it.is_lost);
        found.find(|it| guid(key) == Some(it.guid))
    };
    is_doubtful |= missing
        .iter()
        .any(|key| found(key).is_some_and(|it| it.is_nameless));
    let mut gone = BTreeSet::new();
    for key in missing {
        let user = after.users[&key].clone();
        let is_restored = user.status == Status::Restored;
        let evidence = match found(&key).filter(|it| !it.is_nameless) {
            Some(sight) if sight.whereabouts != Whereabouts::Tombstone => {
                if !terms.out_of_scope_is_deleted {
                    buckets.out_of_scope.insert(user.identity());
                    let user = after.users.get_mut(&key).expect("it is there");
                    user.status = Status::OutOfScope;
                    user.dn = Some(sight.dn.clone());
                    continue;
                }
                "out_of_scope"
            }
            _ if is_restored => continue,
            Some(_) => "tombstone",
            None if is_doubtful => {
                after.fail(key, &mut buckets);
                continue;
            }
            None => "absent",
        };
        buckets.deleted.insert(user.identity(), evidence);
        gone.insert(key);
    }

    if is_refused(gone.len(), subjects.len(), store.imported().len(), terms) {
        return Outcome::nothing(4, store);
    }
    after.grant(wishes, &gone, &mut buckets);
    for key in gone {
        after.delete(key, run);
    }
    ended(store, after, buckets, is_partial, terms)
}

fn is_refused(deletions: usize, of: usize, imported: usize, terms: &Terms) -> bool {
    if deletions == 0 || terms.allow_deletes == Some(deletions) {
        return false;
    }
    let limit = match terms.max_deletes {
        MaxDeletes::Number(number) => number,
        MaxDeletes::Percent(percent) => {
            let is_enough = |share: &usize| share * 100 >= imported * percent;
            (5..=imported).find(is_enough).unwrap_or(5)
        }
    };
    deletions > limit || (of >= 2 && deletions == of)
}

/// `import` of these accounts; nobody is deleted.
pub(crate) fn import(store: &Store, chosen: &[Sight], is_all: bool, terms: &Terms) -> Outcome {
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    let mut wishes = Vec::new();
    let mut is_partial = false;
    for sight in chosen {
        let key = store.by_guid(sight.guid);
        if sight.is_nameless {
            is_partial = true;
            let is_seen = |user: &User| {
                let mut seen = chosen.iter().filter(|it| !it.is_nameless);
                seen.any(|it| user.guid == Some(it.guid))
            };
            let owner = store.users.iter().find(|(own, user)| {
                user.dn.as_ref() == Some(&sight.dn)
                    && user.status != Status::Restored
                    && !is_seen(user)
                    && (is_all || Some(**own) == key)
            });
            if let Some((owner, _)) = owner {
                after.fail(*owner, &mut buckets);
            }
            continue;
        }
        match (&sight.values, key) {
            (None, Some(key)) => after.fail(key, &mut buckets),
            (None, None) => _ = buckets.failed.insert(sight.guid.to_string()),
            (Some(values), key) => wishes.push(Wish {
                key,
                user: from_directory(sight, values),
            }),
        }
    }
    after.grant(wishes, &BTreeSet::new(), &mut buckets);
    ended(store, after, buckets, is_partial, terms)
}

/// `add` of a local user.
pub(crate) fn add(store: &Store, values: Values, terms: &Terms) -> Outcome {
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    if values.username.trim().is_empty() {
        return ended(store, after, buckets, true, terms);
    }
    let user = User {
        values,
        guid: None,
        dn: None,
        status: Status::Ok,
    };
    let wish = Wish { key: None, user };
    after.grant(vec![wish], &BTreeSet::new(), &mut buckets);
    ended(store, after, buckets, false, terms)
}

/// `remove` of these names.
pub(crate) fn remove(store: &Store, names: &[String], run: i64, terms: &Terms) -> Outcome {
    let keys: Option<BTreeSet<Key>> = names.iter().map(|name| store.by_name(name)).collect();
    let Some(keys) = keys else {
        return Outcome::nothing(2, store);
    };
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    for key in keys {
        buckets
            .deleted
            .insert(store.users[&key].identity(), "removed");
        after.delete(key, run);
    }
    ended(store, after, buckets, false, terms)
}

/// Whom `restore` is to bring back.
#[derive(Clone, Debug)]
pub(crate) enum Whom {
    Run(i64),
    Names(Vec<String>),
}

/// `restore`.
pub(crate) fn restore(store: &Store, whom: &Whom, terms: &Terms) -> Outcome {
    let records: Vec<&Record> = match whom {
        Whom::Run(run) => store.records.iter().filter(|it| it.run == *run).collect(),
        Whom::Names(names) => {
            let newest = |name: &String| {
                let mut records = store.records.iter().rev();
                records.find(|it| fold(&it.user.values.username) == fold(name))
            };
            names
                .iter()
                .map(newest)
                .collect::<Option<_>>()
                .unwrap_or_default()
        }
    };
    if records.is_empty() {
        return Outcome::nothing(2, store);
    }
    let mut wanted: BTreeMap<Key, User> = BTreeMap::new();
    for record in records {
        let is_back = match record.user.guid {
            Some(guid) => store.by_guid(guid).is_some(),
            None => store.users.contains_key(&record.key),
        };
        if !is_back {
            wanted.entry(record.key).or_insert_with(|| {
                let mut user = record.user.clone();
                user.status = match user.guid {
                    Some(_) => Status::Restored,
                    None => Status::Ok,
                };
                user
            });
        }
    }
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    let wishes: Vec<Wish> = wanted
        .values()
        .map(|user| Wish {
            key: None,
            user: user.clone(),
        })
        .collect();
    let granted = store.grantable(&wishes, &BTreeSet::new());
    for ((key, user), granted) in wanted.into_iter().zip(granted) {
        if granted {
            buckets.new.insert(user.identity());
            after.users.insert(key, user);
        } else {
            buckets.duplicate.insert(user.identity());
        }
    }
    ended(store, after, buckets, false, terms)
}
