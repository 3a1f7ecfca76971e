//! Synchronising by change mark: a run that asks only for what changed finds what a full run finds.

mod controllers;
mod copies;
mod deleted;
mod delta;
mod people;
mod random;
mod rights;
mod settings;
mod turmoil;

use serde_json::{Value, json};

use crate::run_json;
use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SERVICE_ACCOUNT, SambaDc, User};

/// A domain with alice, bob, carol and dave, all of them imported, and a store that has its mark. Dave is
/// the witness: without him a run would read everything.
fn marked() -> (SambaDc, Sandbox) {
    let dc = SambaDc::start();
    dc.add_all(&four());
    let sandbox = marked_by("dave", &unguarded(&dc));
    (dc, sandbox)
}

/// As [`marked`], with an account that sees tombstones; one is there already.
fn marked_with_tombstones() -> (SambaDc, Sandbox) {
    let dc = SambaDc::start();
    dc.add_all(&four());
    dc.grant_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.add_user(&User::new("left.before")));
    let sandbox = marked_by("dave", &unguarded(&dc));
    (dc, sandbox)
}

/// Everybody in the scope imported, and a mark with that user as its witness.
fn marked_by(witness: &str, settings: &Settings) -> Sandbox {
    let sandbox = Sandbox::new(settings);
    // There is nobody else yet whom the first full run could take.
    sandbox.run(&["import", "--users", witness]).expect_code(0);
    full(&sandbox);
    sandbox.run(&["import", "--all"]).expect_code(0);
    sandbox
}

fn four() -> [User; 4] {
    ["alice", "bob", "carol", "dave"].map(crate::person)
}

/// A run that reads everything.
#[track_caller]
fn full(sandbox: &Sandbox) -> Value {
    in_mode(sandbox, "full", &["sync"])
}

/// A run that reads what changed.
#[track_caller]
fn delta(sandbox: &Sandbox) -> Value {
    in_mode(sandbox, "delta", &["sync"])
}

#[track_caller]
fn in_mode(sandbox: &Sandbox, mode: &str, arguments: &[&str]) -> Value {
    let answer = run_json(sandbox, arguments).expect_code(0);
    let result = answer.json();
    assert_eq!(result["mode"], mode, "{answer}");
    result
}

/// A run that reads everything and says why in these words.
#[track_caller]
fn full_because(sandbox: &Sandbox, why: &str) -> Value {
    let answer = run_json(sandbox, &["sync", "-v"]).expect_code(0);
    let result = answer.json();
    assert_eq!(result["mode"], "full", "{answer}");
    let mut lines = answer.stderr.lines();
    let said = lines.any(|line| line.contains("reading everything: ") && line.contains(why));
    assert!(said, "does not say {why:?}\n{answer}");
    result
}

/// A run that reads what changed, and finds what a full run would have found, before and after.
#[track_caller]
fn delta_like_full(sandbox: &Sandbox) -> Value {
    let dry = in_mode(sandbox, "delta", &["sync", "--dry-run"]);
    let dry_full = in_mode(sandbox, "full", &["sync", "--dry-run", "--full"]);
    assert_eq!(findings(dry), findings(dry_full.clone()));

    let mut result = delta(sandbox);
    result["dry_run"] = true.into();
    assert_eq!(findings(result.clone()), findings(dry_full));
    assert_settled(sandbox);
    result
}

/// Fails unless a full run finds nothing to do.
#[track_caller]
fn assert_settled(sandbox: &Sandbox) {
    let after = in_mode(sandbox, "full", &["sync", "--dry-run", "--full"]);
    for bucket in ["imported", "modified", "deleted", "failed"] {
        assert_eq!(after[bucket], json!([]), "left to do: {bucket}");
    }
}

/// A result without what tells one run from another.
fn findings(mut result: Value) -> Value {
    let fields = result.as_object_mut().expect("a result");
    for own in ["mode", "run", "started_at", "duration_ms"] {
        assert!(fields.remove(own).is_some(), "{own} is part of a result");
    }
    result
}

/// The settings for a server, where many may be deleted at once.
fn unguarded(dc: &SambaDc) -> Settings {
    Settings {
        more_sync: "max_deletes = 10000".to_owned(),
        ..Settings::for_dc(dc)
    }
}
