//! Random changes of the directory and the store: a store that is kept by change mark is at every step
//! what one is that is always read whole.

use serde_json::{Value, json};

use super::people::People;
use super::{findings, full, unguarded};
use crate::support::adsync::{Answer, Sandbox};
use crate::support::samba::{SERVICE_ACCOUNT, SambaDc};
use crate::support::store::without_times;
use crate::{run_json, users};

const ADDRESSES: &[&str] = &[
    "a@corp.example.com",
    "B@corp.example.com",
    "b@corp.example.com",
    "c@corp.example.com",
];

/// In each history.
const ROUNDS: usize = 30;

/// Two stores of one domain.
struct Pair {
    by_mark: Sandbox,
    whole: Sandbox,
    /// How the last run of each was called, and what it said.
    said: Vec<String>,
}

impl Pair {
    /// The same command for both; it ends and says the same.
    #[track_caller]
    fn both(&mut self, arguments: &[&str]) -> Value {
        let answers = [&self.by_mark, &self.whole].map(|store| run_json(store, arguments));
        self.compare(answers)
    }

    /// A sync of everybody.
    #[track_caller]
    fn sync(&mut self) -> Value {
        let by_mark = run_json(&self.by_mark, &["sync"]);
        let whole = run_json(&self.whole, &["sync", "--full"]);
        self.compare([by_mark, whole])
    }

    #[track_caller]
    fn compare(&mut self, [by_mark, whole]: [Answer; 2]) -> Value {
        self.said.push(format!("{by_mark}\n{whole}"));
        let last = &self.said[self.said.len().saturating_sub(3)..];
        assert_eq!(by_mark.code, whole.code, "{last:#?}");
        let result = by_mark.json();
        if result["counts"].is_object() {
            assert_eq!(
                findings(result.clone()),
                findings(whole.json()),
                "{last:#?}"
            );
        }
        let lists = [&self.by_mark, &self.whole].map(users);
        let [left, right] = lists.map(|list| list.into_iter().map(undated).collect::<Vec<_>>());
        assert_eq!(left, right, "{last:#?}");
        result
    }
}

fn undated(mut user: Value) -> Value {
    user["synced_at"] = json!(user["synced_at"].is_string());
    user["reason"] = user["reason"].as_str().map(without_times).into();
    user
}

fn play(seed: u64, sees_tombstones: bool) {
    let dc = SambaDc::start();
    if sees_tombstones {
        dc.grant_tombstones(SERVICE_ACCOUNT);
    }
    dc.add_users(15);
    let mut people = People::of(&dc, seed).wanting(ADDRESSES);
    let mut settings = unguarded(&dc);
    if seed.is_multiple_of(2) {
        settings.more_sync.push_str("\nout_of_scope = \"delete\"");
    } else {
        settings.more_sync.push_str("\nmissing_after = \"0\"");
    }
    let mut pair = Pair {
        by_mark: Sandbox::new(&settings),
        whole: Sandbox::new(&settings),
        said: Vec::new(),
    };
    pair.both(&["import", "--all"]);
    full(&pair.by_mark);
    full(&pair.whole);

    let mut deltas = 0;
    for _ in 0..ROUNDS {
        for _ in 0..people.random().below(6) {
            let change = people.change();
            dc.ldif(&change.to_string());
        }
        disturb(&mut pair, people.random());
        let result = pair.sync();
        deltas += usize::from(result["mode"] == "delta");
    }
    assert!(deltas > ROUNDS / 2, "only {deltas} deltas");
}

/// Something that happens to both stores, now and then.
fn disturb(pair: &mut Pair, random: &mut crate::support::random::Random) {
    let name = format!("local{}", random.below(3));
    let address: &str = random.pick::<&str>(ADDRESSES);
    let everybody: Vec<String> = crate::usernames(&pair.by_mark);
    match random.below(20) {
        0 | 1 => _ = pair.both(&["add", &name, "--email", address]),
        2 | 3 => _ = pair.both(&["remove", &name]),
        4 => _ = pair.both(&["import", "--all"]),
        5 => {
            let name = random.pick(&everybody).clone();
            // A local user cannot be chosen: the same refusal.
            pair.both(&["sync", "--users", &name]);
        }
        6 => {
            let runs = pair.both(&["history"]);
            let last = runs["runs"].as_array().and_then(|runs| {
                runs.iter()
                    .find(|run| run["counts"]["deleted"].as_u64() > Some(0))
            });
            if let Some(run) = last.and_then(|run| run["run"].as_u64()) {
                pair.both(&["restore", "--run", &run.to_string()]);
            }
        }
        7 => {
            pair.both(&["sync", "--dry-run"]);
        }
        8 | 9 => {
            for store in [&pair.by_mark, &pair.whole] {
                crate::a_day_passes(store);
            }
        }
        _ => {}
    }
}

#[test]
fn random_changes_with_tombstones_are_found_as_by_full_runs() {
    for seed in 1..=2 {
        play(seed, true);
    }
}

#[test]
fn random_changes_without_tombstones_are_found_as_by_full_runs() {
    for seed in 3..=4 {
        play(seed, false);
    }
}
