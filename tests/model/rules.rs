//! The rules of the plan, once more and plainly: users in a map, and every set of updates tried.
//!
//! Written from what adsync promises, not from how it works. It knows no server and no database.

use std::collections::{BTreeMap, BTreeSet};

use testdir::Uuid;

/// A row of the store, for as long as the user lives and when it is brought back.
pub(crate) type Key = usize;

/// A domain, by its number.
pub(crate) type Domain = usize;

/// A domain controller, by its number.
pub(crate) type Controller = usize;

/// A moment, in seconds.
pub(crate) type Time = i64;

pub(crate) const HOUR: Time = 60 * 60;
pub(crate) const DAY: Time = 24 * HOUR;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Values {
    pub(crate) username: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) contact_number: Option<String>,
    pub(crate) enabled: bool,
}

impl Values {
    /// The fields that can be without a value.
    fn optional(&self) -> [&Option<String>; 4] {
        let Self {
            username: _,
            first_name,
            last_name,
            email,
            contact_number,
            enabled: _,
        } = self;
        [first_name, last_name, email, contact_number]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Ok,
    Duplicate,
    OutOfScope,
    Missing,
    Failed,
    Restored,
}

/// A user of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct User {
    pub(crate) values: Values,
    /// None for a local user.
    pub(crate) guid: Option<Uuid>,
    /// None for a local user.
    pub(crate) domain: Option<Domain>,
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

/// What is known of an imported user beside its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Since when no run that looked has found it.
    pub(crate) missing_since: Option<Time>,
    /// When a run found it last.
    pub(crate) last_seen: Time,
    /// The controllers that have returned it.
    pub(crate) returned_by: BTreeSet<Controller>,
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

/// What a run did that no administrator had said.
#[derive(Clone, Debug)]
pub(crate) struct Unsaid {
    at: Time,
    domain: Domain,
    deleted: usize,
    disabled: usize,
}

/// The store, and what can be brought back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) users: BTreeMap<Key, User>,
    pub(crate) memories: BTreeMap<Key, Memory>,
    pub(crate) records: Vec<Record>,
    pub(crate) unsaid: Vec<Unsaid>,
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
    /// Its other addresses, which are as good as the one among its values.
    pub(crate) other_mails: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    InScope,
    Elsewhere,
    Tombstone,
}

/// What a run finds: one controller, as it is for one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    pub(crate) domain: Domain,
    pub(crate) controller: Controller,
    pub(crate) now: Time,
    pub(crate) sights: Vec<Sight>,
    /// Whether the account sees deleted objects.
    pub(crate) sees_deleted: bool,
    /// How long the domain keeps those.
    pub(crate) lifetime: Time,
    /// The containers that can be read.
    pub(crate) readable: BTreeSet<String>,
    /// References to other servers.
    pub(crate) references: BTreeSet<String>,
    /// DNs that are taken by entries whose identity cannot be read.
    pub(crate) unreadable: BTreeSet<String>,
    /// Whom the run told to be failed, by identity. Of a user at whose DN an entry without an identity is, the rules
    /// say that it is kept; a run that looks at a part of the scope may call it missing or failed.
    pub(crate) failed: BTreeSet<String>,
    /// Whether the server answers with everybody, whoever is looked for: then nobody's absence is believed.
    pub(crate) answers_more: bool,
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
    pub(crate) missing: BTreeSet<String>,
    pub(crate) failed: BTreeSet<String>,
    /// Users of other domains.
    pub(crate) foreign: usize,
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

/// How much of something a run may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Number(usize),
    Percent(usize),
}

impl Limit {
    /// The number, where a share is one of so many and never below a smallest number.
    fn of(self, all: usize, smallest: usize) -> usize {
        match self {
            Self::Number(number) => number,
            Self::Percent(0) => 0,
            Self::Percent(percent) => (all * percent).div_ceil(100).max(smallest),
        }
    }
}

/// What becomes of users that the scope no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutOfScope {
    Keep,
    Disable,
    Delete,
}

/// What the settings say of how much a run may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) deletes: Limit,
    pub(crate) cleared: Limit,
    pub(crate) disabled: Limit,
    pub(crate) modified: Limit,
    pub(crate) missing: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deletes: Limit::Percent(10),
            cleared: Limit::Percent(10),
            disabled: Limit::Percent(10),
            modified: Limit::Percent(50),
            missing: Limit::Percent(10),
        }
    }
}

/// The numbers that the administrator has said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) deletes: Option<usize>,
    pub(crate) cleared: Option<usize>,
    pub(crate) disabled: Option<usize>,
    pub(crate) modified: Option<usize>,
    pub(crate) missing: Option<usize>,
}

/// What the settings and the command line say of a run.
#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line or the settings"
)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) allowed: Allowed,
    pub(crate) out_of_scope: OutOfScope,
    pub(crate) missing_after: Time,
    pub(crate) delete_missing: bool,
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

    pub(crate) fn by_guid(&self, domain: Domain, guid: Uuid) -> Option<Key> {
        let mut users = self.users.iter();
        users
            .find(|(_, user)| user.guid == Some(guid) && user.domain == Some(domain))
            .map(|(key, _)| *key)
    }

    /// The users of a domain.
    pub(crate) fn of(&self, domain: Domain) -> BTreeSet<Key> {
        let users = self.users.iter();
        users
            .filter(|(_, user)| user.domain == Some(domain))
            .map(|(key, _)| *key)
            .collect()
    }

    /// How many users belong to other domains.
    fn foreign_to(&self, domain: Domain) -> usize {
        let domains = self.users.values().filter_map(|user| user.domain);
        domains.filter(|it| *it != domain).count()
    }

    fn insert(&mut self, user: User) -> Key {
        let key = self.next;
        self.users.insert(key, user);
        self.next += 1;
        key
    }

    fn delete(&mut self, key: Key, run: i64) {
        self.memories.remove(&key);
        if let Some(user) = self.users.remove(&key) {
            self.records.push(Record { run, key, user });
        }
    }

    /// What a user is remembered by; nothing of a user that was brought back.
    pub(crate) fn memory(&self, key: Key) -> Memory {
        self.memories.get(&key).cloned().unwrap_or_default()
    }

    /// A run found this user.
    ///
    /// It is returned by the controller that it was imported from, or that found it again after it was missing,
    /// and by those at which a full run finds it after that.
    fn is_found(&mut self, key: Key, scene: &Scene, is_full: bool) {
        let memory = self.memories.entry(key).or_default();
        let is_again = memory.missing_since.take().is_some();
        memory.last_seen = scene.now;
        if is_again {
            memory.returned_by.clear();
        }
        if is_full || is_again {
            memory.returned_by.insert(scene.controller);
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
                    } else if wish.user.status == Status::OutOfScope {
                        buckets.out_of_scope.insert(old.identity());
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
        if let Some(memory) = self.memories.get_mut(&key) {
            memory.missing_since = None;
        }
    }
}

/// The row that a user of the directory shall have.
fn from_directory(
    store: &Store,
    key: Option<Key>,
    domain: Domain,
    sight: &Sight,
    values: &Values,
) -> User {
    let mut values = values.clone();
    let stored = key.and_then(|key| store.users[&key].values.email.clone());
    if let Some(stored) = stored {
        let all: Vec<&String> = values.email.iter().chain(&sight.other_mails).collect();
        let same = all.iter().find(|it| ***it == stored);
        // Or the same address in another case.
        let folded = || {
            all.iter()
                .find(|it| it.to_lowercase() == stored.to_lowercase())
        };
        if let Some(known) = same.or_else(folded) {
            values.email = Some((*known).clone());
        }
    }
    User {
        values,
        guid: Some(sight.guid),
        domain: Some(domain),
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
    let is_strictly_partial =
        terms.strict && !(buckets.duplicate.is_empty() && buckets.missing.is_empty());
    if is_partial || !buckets.failed.is_empty() || is_strictly_partial {
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

/// How a synchronisation looked at its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// At all of them; what it found is what this controller returns.
    Full,
    /// At those that changed.
    Delta,
    /// At those that were named.
    Selected,
}

/// What became of a user that the scope does not have.
enum Fate {
    /// It lives elsewhere in the domain.
    Elsewhere(Sight),
    Deleted(&'static str),
    Missing,
    /// It was brought back, and is not in the directory.
    Left,
}

/// `sync` of all users of a domain, or of these. `is_enumerated` says whether everything in the scope is
/// looked at, or only the users themselves.
#[allow(
    clippy::too_many_lines,
    reason = "the rules of one run, in their order"
)]
pub(crate) fn sync(
    store: &Store,
    chosen: Option<&BTreeSet<Key>>,
    is_enumerated: bool,
    scene: &Scene,
    mode: Mode,
    terms: &Terms,
    run: i64,
) -> Outcome {
    let ours = store.of(scene.domain);
    let foreign = store.foreign_to(scene.domain);
    if ours.is_empty() && foreign > 0 {
        return Outcome::nothing(2, store);
    }
    let subjects = chosen.cloned().unwrap_or_else(|| ours.clone());
    let guid = |key: &Key| store.users[key].guid;
    let is_subject = |sight: &Sight| subjects.iter().any(|key| guid(key) == Some(sight.guid));
    let answers: Vec<&Sight> = scene
        .sights
        .iter()
        .filter(|it| {
            let is_in_answer = is_enumerated && it.whereabouts == Whereabouts::InScope;
            is_in_answer || (is_subject(it) && !it.is_lost)
        })
        .collect();
    let mut after = store.clone();
    let mut buckets = Buckets {
        // Who names users is not told of others.
        foreign: if mode == Mode::Selected { 0 } else { foreign },
        ..Buckets::default()
    };
    let mut wishes = Vec::new();
    let mut nowhere = BTreeMap::new();
    for key in &subjects {
        let mut named = answers.iter().filter(|it| !it.is_nameless);
        let found = named.find(|it| guid(key) == Some(it.guid));
        match found.filter(|it| it.whereabouts == Whereabouts::InScope) {
            None => _ = nowhere.insert(*key, found.copied()),
            Some(sight) => {
                after.is_found(*key, scene, mode == Mode::Full);
                match &sight.values {
                    None => after.fail(*key, &mut buckets),
                    Some(values) => wishes.push(Wish {
                        key: Some(*key),
                        user: from_directory(store, Some(*key), scene.domain, sight, values),
                    }),
                }
            }
        }
    }

    // An entry whose identity cannot be read is the user that was last seen at its DN and is not seen
    // elsewhere; or it may be anybody that seems missing. Every run that may believe an absence looks for such.
    let in_scope = |it: &&Sight| it.whereabouts == Whereabouts::InScope;
    let nameless = answers.iter().copied().filter(|it| it.is_nameless);
    let is_partial = nameless.clone().any(|it| in_scope(&it));
    let found_nameless = nameless.filter(|it| !it.is_lost).count();
    let anywhere = scene.sights.iter().filter(in_scope);
    let anywhere: Vec<&Sight> = anywhere.filter(|it| it.is_nameless).collect();
    for entry in &anywhere {
        let owners: Vec<Key> = nowhere
            .iter()
            .filter(|(_, found)| found.is_none())
            .map(|(key, _)| *key)
            .filter(|key| after.users[key].dn.as_ref() == Some(&entry.dn))
            .filter(|key| after.users[key].status != Status::Restored)
            .filter(|key| is_enumerated || scene.failed.contains(&after.users[key].identity()))
            .collect();
        for key in owners {
            after.fail(key, &mut buckets);
            nowhere.remove(&key);
        }
    }
    let doubts = Doubts {
        is_anybody: !anywhere.is_empty() || found_nameless > 0 || scene.answers_more,
    };
    let mut gone = BTreeSet::new();
    let mut newly_missing = 0;
    for (key, found) in nowhere {
        let user = after.users[&key].clone();
        match fate(store, key, found, scene, terms, &doubts) {
            Fate::Left => {}
            Fate::Elsewhere(sight) => {
                after.is_found(key, scene, mode == Mode::Full);
                let Some(values) = &sight.values else {
                    after.fail(key, &mut buckets);
                    continue;
                };
                let mut user = from_directory(store, Some(key), scene.domain, &sight, values);
                user.status = Status::OutOfScope;
                user.values.enabled &= terms.out_of_scope == OutOfScope::Keep;
                let key = Some(key);
                wishes.push(Wish { key, user });
            }
            Fate::Deleted(evidence) => {
                buckets.deleted.insert(user.identity(), evidence);
                gone.insert(key);
            }
            Fate::Missing => {
                newly_missing += usize::from(user.status != Status::Missing);
                buckets.missing.insert(user.identity());
                let memory = after.memories.entry(key).or_default();
                memory.missing_since.get_or_insert(scene.now);
                let row = after.users.get_mut(&key).expect("it is there");
                row.status = Status::Missing;
            }
        }
    }

    after.grant(wishes, &gone, &mut buckets);
    let done = Done {
        domain: scene.domain,
        now: scene.now,
        // Whoever names one user means it.
        is_meant: mode == Mode::Selected && subjects.len() == 1,
        subjects: subjects.len(),
        deleted: gone.len(),
        missing: newly_missing,
    };
    if done.is_refused(store, &after, &gone, terms) {
        return Outcome::nothing(4, store);
    }
    done.note(store, &mut after, &gone, terms);
    for key in gone {
        after.delete(key, run);
    }
    ended(store, after, buckets, is_partial, terms)
}

/// What speaks against everybody's absence in a run.
struct Doubts {
    /// An answer held an entry that cannot be identified.
    is_anybody: bool,
}

fn fate(
    store: &Store,
    key: Key,
    found: Option<&Sight>,
    scene: &Scene,
    terms: &Terms,
    doubts: &Doubts,
) -> Fate {
    let is_restored = store.users[&key].status == Status::Restored;
    match found {
        Some(sight) if sight.whereabouts != Whereabouts::Tombstone => {
            // Who was brought back is not taken out again for what was so before.
            if terms.out_of_scope == OutOfScope::Delete && is_restored {
                Fate::Left
            } else if terms.out_of_scope == OutOfScope::Delete && sight.values.is_some() {
                Fate::Deleted("out_of_scope")
            } else {
                Fate::Elsewhere(sight.clone())
            }
        }
        _ if is_restored => Fate::Left,
        Some(_) => Fate::Deleted("tombstone"),
        None if is_proof(store, key, scene, terms, doubts) => Fate::Deleted("absent"),
        None => Fate::Missing,
    }
}

/// Whether the absence of a user proves that it was deleted.
fn is_proof(store: &Store, key: Key, scene: &Scene, terms: &Terms, doubts: &Doubts) -> bool {
    let memory = store.memory(key);
    let since = memory.missing_since.unwrap_or(scene.now);
    // (a) With the right to see deleted objects, one that is kept would have been seen.
    let can_be_proof = !scene.sees_deleted || scene.now - memory.last_seen > scene.lifetime;
    // (b)
    let was_long_enough = terms.delete_missing || scene.now - since >= terms.missing_after;
    // (c)
    let can_testify = memory.returned_by.contains(&scene.controller);
    // (d)
    let is_witness = |sight: &Sight| {
        let other = store.by_guid(scene.domain, sight.guid);
        let is_living = sight.whereabouts != Whereabouts::Tombstone;
        is_living && !sight.is_nameless && !sight.is_lost && other.is_some_and(|it| it != key)
    };
    let has_witness = scene.sights.iter().any(is_witness);
    // (e)
    let dn = store.users[&key].dn.as_deref().unwrap_or_default();
    let container = dn.split_once(',').map_or("", |(_, parent)| parent);
    let is_behind = |it: &String| dn == it || dn.ends_with(&format!(",{it}"));
    let nothing_speaks_against = scene.readable.contains(container)
        && !scene.references.iter().any(is_behind)
        && !scene.unreadable.contains(dn)
        && !doubts.is_anybody;
    can_be_proof && was_long_enough && can_testify && has_witness && nothing_speaks_against
}

/// What a run would do that can be too much.
struct Done {
    domain: Domain,
    now: Time,
    is_meant: bool,
    subjects: usize,
    deleted: usize,
    missing: usize,
}

impl Done {
    fn changed<'a>(
        store: &'a Store,
        after: &'a Store,
        gone: &'a BTreeSet<Key>,
    ) -> impl Iterator<Item = (&'a Values, &'a Values)> {
        let stayed = store.users.iter().filter(|(key, _)| !gone.contains(key));
        stayed
            .map(|(key, old)| (&old.values, &after.users[key].values))
            .filter(|(old, new)| old != new)
    }

    fn disabled(store: &Store, after: &Store, gone: &BTreeSet<Key>) -> usize {
        Self::changed(store, after, gone)
            .filter(|(old, new)| old.enabled && !new.enabled)
            .count()
    }

    /// What was deleted and disabled in the last seven days, and nobody said.
    fn recent(&self, store: &Store) -> (usize, usize) {
        let is_recent = |it: &&Unsaid| it.domain == self.domain && self.now - it.at < 7 * DAY;
        let recent = store.unsaid.iter().filter(is_recent);
        recent.fold((0, 0), |(deleted, disabled), it| {
            (deleted + it.deleted, disabled + it.disabled)
        })
    }

    fn is_refused(
        &self,
        store: &Store,
        after: &Store,
        gone: &BTreeSet<Key>,
        terms: &Terms,
    ) -> bool {
        if self.is_meant {
            return false;
        }
        let Terms {
            limits, allowed, ..
        } = terms;
        let ours: Vec<&Values> = store
            .of(self.domain)
            .iter()
            .map(|key| &store.users[key].values)
            .collect();
        let (recently_deleted, recently_disabled) = self.recent(store);
        let is_too_much = |number: usize, before: usize, limit: usize, said: Option<usize>| {
            number > 0 && said != Some(number) && number + before > limit
        };
        let is_everybody = self.deleted >= 2
            && self.deleted == self.subjects
            && allowed.deletes != Some(self.deleted);
        let limit = limits.deletes.of(ours.len(), 5);
        let too_many_deleted = is_too_much(self.deleted, recently_deleted, limit, allowed.deletes);

        let disabled = Self::disabled(store, after, gone);
        let enabled = ours.iter().filter(|it| it.enabled).count();
        let limit = limits.disabled.of(enabled, 5);
        let too_many_disabled = is_too_much(disabled, recently_disabled, limit, allowed.disabled);

        let modified = Self::changed(store, after, gone).count();
        let limit = limits.modified.of(ours.len(), 20);
        let too_many_modified = is_too_much(modified, 0, limit, allowed.modified);

        let limit = limits.missing.of(ours.len(), 5);
        let too_many_missing = is_too_much(self.missing, 0, limit, allowed.missing);

        let too_many_cleared = (0..4).any(|field| {
            let is_cleared = |(old, new): &(&Values, &Values)| {
                old.optional()[field].is_some() && new.optional()[field].is_none()
            };
            let cleared = Self::changed(store, after, gone).filter(is_cleared).count();
            let filled = ours.iter().filter(|it| it.optional()[field].is_some());
            let limit = limits.cleared.of(filled.count(), 5);
            is_too_much(cleared, 0, limit, allowed.cleared)
        });
        is_everybody
            || too_many_deleted
            || too_many_disabled
            || too_many_modified
            || too_many_missing
            || too_many_cleared
    }

    /// Remembers what nobody said.
    fn note(&self, store: &Store, after: &mut Store, gone: &BTreeSet<Key>, terms: &Terms) {
        let disabled = Self::disabled(store, after, gone);
        let unsaid = |number: usize, said: Option<usize>| {
            if self.is_meant || said == Some(number) {
                0
            } else {
                number
            }
        };
        after.unsaid.push(Unsaid {
            at: self.now,
            domain: self.domain,
            deleted: unsaid(self.deleted, terms.allowed.deletes),
            disabled: unsaid(disabled, terms.allowed.disabled),
        });
    }
}

/// `import` of these accounts; nobody is deleted.
pub(crate) fn import(
    store: &Store,
    scene: &Scene,
    chosen: &[Sight],
    is_all: bool,
    terms: &Terms,
) -> Outcome {
    let mut after = store.clone();
    let mut buckets = Buckets::default();
    let mut wishes = Vec::new();
    let mut is_partial = false;
    for sight in chosen {
        let key = store.by_guid(scene.domain, sight.guid);
        if sight.is_nameless {
            is_partial = true;
            let is_seen = |user: &User| {
                let mut seen = chosen.iter().filter(|it| !it.is_nameless);
                seen.any(|it| user.guid == Some(it.guid))
            };
            let owner = store.users.iter().find(|(_, user)| {
                user.dn.as_ref() == Some(&sight.dn)
                    && user.domain == Some(scene.domain)
                    && user.status != Status::Restored
                    && !is_seen(user)
                    && is_all
            });
            if let Some((owner, _)) = owner {
                after.fail(*owner, &mut buckets);
            }
            continue;
        }
        if let Some(key) = key {
            after.is_found(key, scene, false);
        }
        match (&sight.values, key) {
            (None, Some(key)) => after.fail(key, &mut buckets),
            (None, None) => _ = buckets.failed.insert(sight.guid.to_string()),
            (Some(values), key) => wishes.push(Wish {
                key,
                user: from_directory(store, key, scene.domain, sight, values),
            }),
        }
    }
    let first_new = after.next;
    after.grant(wishes, &BTreeSet::new(), &mut buckets);
    // Who names users and gets none of them is told so.
    let duplicates = buckets.duplicate.len();
    is_partial |= !is_all && duplicates > 0 && duplicates == chosen.len();
    for key in first_new..after.next {
        after.is_found(key, scene, true);
    }
    let done = Done {
        domain: scene.domain,
        now: scene.now,
        is_meant: !is_all && chosen.len() == 1,
        subjects: chosen.len(),
        deleted: 0,
        missing: 0,
    };
    if done.is_refused(store, &after, &BTreeSet::new(), terms) {
        return Outcome::nothing(4, store);
    }
    done.note(store, &mut after, &BTreeSet::new(), terms);
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
        domain: None,
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
        let is_back = match record.user.guid.zip(record.user.domain) {
            Some((guid, domain)) => store.by_guid(domain, guid).is_some(),
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
