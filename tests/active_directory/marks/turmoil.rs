//! The directory changes all the time, also while a run reads it. What a run reads of one moment and of the
//! next is mended by the runs after it; when the changes stop, one run brings the store in step.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::people::People;
use super::{assert_settled, at_once, delta, full};
use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{Entry, SERVICE_ACCOUNT, STAFF_DN, SambaDc, Search};
use crate::{json, run_json, users};

/// So many that most change seldom: what a run overlooks is not mended by the next change.
const PEOPLE: usize = 1500;
/// In each of the two domains, at least; quick runs go on until so much has happened.
const RUNS: usize = 60;
const CHANGES: u64 = 500;
const TIME_LIMIT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(7);

#[test]
fn changes_while_runs_read_are_not_lost_with_tombstones() {
    changes_while_runs_read_are_not_lost(true);
}

#[test]
fn changes_while_runs_read_are_not_lost_without_tombstones() {
    changes_while_runs_read_are_not_lost(false);
}

fn changes_while_runs_read_are_not_lost(sees_tombstones: bool) {
    let dc = SambaDc::builder().users(PEOPLE).start();
    if sees_tombstones {
        dc.grant_tombstones(SERVICE_ACCOUNT);
    }
    let people = People::of(&dc, 7);
    let sandbox = Sandbox::new(&Settings {
        // Every answer comes in many pages.
        more_directory: "page_size = 100".to_owned(),
        ..at_once(&dc)
    });
    sandbox.run(&["import", "--all"]).expect_code(0);
    full(&sandbox);
    let before = dc.highest_usn();
    let has_happened = || dc.highest_usn() > before + CHANGES;

    let is_over = AtomicBool::new(false);
    let (people, runs) = std::thread::scope(|scope| {
        let changing = scope.spawn(|| change(&dc, people, &is_over));
        // Also when a run fails its test.
        let over = Over(&is_over);
        let runs = run_until(&sandbox, Instant::now() + TIME_LIMIT, &has_happened);
        drop(over);
        (changing.join().expect("all changes are taken"), runs)
    });

    assert!(runs.len() >= 15, "only {} runs", runs.len());
    let busy = runs
        .iter()
        .filter(|run| run["mode"] == "delta" && run["counts"]["modified"] != 0);
    assert!(busy.count() > runs.len() / 2, "too little happened");
    assert!(has_happened(), "too little happened");

    json(&sandbox, &["sync"]);
    assert_in_step(&dc, &sandbox, &people);
    assert_settled(&sandbox);
    assert_eq!(delta(&sandbox)["counts"]["modified"], 0);
}

/// Sets the flag when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Changes the directory, a hundred times a second.
fn change(dc: &SambaDc, mut people: People, is_over: &AtomicBool) -> People {
    let mut changes = dc.change_stream();
    while !is_over.load(Ordering::Relaxed) {
        changes.send(&people.change());
        std::thread::sleep(PAUSE);
    }
    people
}

/// Synchronises again and again; what each run said.
fn run_until(sandbox: &Sandbox, end: Instant, has_happened: &dyn Fn() -> bool) -> Vec<Value> {
    let mut runs = Vec::new();
    while Instant::now() < end && (runs.len() < RUNS || !has_happened()) {
        // A full run mends what those before it overlooked: none at the end.
        let arguments: &[&str] = match runs.len() {
            8 => &["import", "--all"],
            4 | 12 => &["sync", "--full"],
            _ => &["sync"],
        };
        runs.push(run_json(sandbox, arguments).expect_code(0).json());
    }
    runs
}

/// Compares the store with what the directory says to the administrator.
fn assert_in_step(dc: &SambaDc, sandbox: &Sandbox, people: &People) {
    let filter = "(&(objectCategory=person)(sAMAccountName=*))";
    let mut living: BTreeMap<String, Entry> = dc
        .search(&Search::new(filter))
        .into_iter()
        .map(|entry| (entry.guid(), entry))
        .collect();
    for user in users(sandbox) {
        let guid = user["guid"].as_str().expect("they were all imported");
        let entry = living
            .remove(guid)
            .unwrap_or_else(|| panic!("deleted in the directory, still in the store: {user:#}"));
        assert_same(&user, &entry);
    }
    for (guid, entry) in living {
        let is_staff = entry.dn.ends_with(STAFF_DN);
        assert!(
            !is_staff || people.was_deleted(&guid),
            "in the directory all the time, not in the store: {entry:#?}"
        );
    }
}

fn assert_same(user: &Value, entry: &Entry) {
    let is_disabled = entry.text("userAccountControl").as_deref() == Some("514");
    let is_in_scope = entry.dn.ends_with(STAFF_DN);
    let status = if is_in_scope { "ok" } else { "out_of_scope" };
    let expected = [
        ("username", entry.text("sAMAccountName").into()),
        ("first_name", entry.text("givenName").into()),
        ("last_name", entry.text("sn").into()),
        ("email", entry.text("mail").into()),
        ("contact_number", entry.text("telephoneNumber").into()),
        ("enabled", Value::from(!is_disabled)),
        ("dn", entry.dn.as_str().into()),
        ("status", status.into()),
    ];
    for (field, value) in expected {
        assert_eq!(user[field], value, "{field} of\n{user:#}\n{entry:#?}");
    }
}
