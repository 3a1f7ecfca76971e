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

use crate::support::adsync::{Sandbox, Settings};
use crate::support::samba::{SERVICE_ACCOUNT, SambaDc, User};
use crate::support::store::without_times;
use crate::{a_day_passes, named, run_json};

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

/// Fails unless runs by change mark find these users missing, for this reason.
#[track_caller]
fn missing_because(sandbox: &Sandbox, users: &[&str], why: &str) {
    for _ in 0..2 {
        let result = delta_like_full(sandbox);
        assert_eq!(named(&result["missing"]), users, "{result:#}");
        assert_eq!(result["counts"]["deleted"], 0, "{result:#}");
        for user in result["missing"].as_array().expect("a bucket") {
            let reason = user["reason"].as_str().unwrap_or_default();
            assert!(reason.contains(why), "{why:?} is not in {reason:?}");
        }
    }
}

/// Fails unless runs by change mark find these users missing, and when a day has passed, deleted; what the
/// last of them said.
#[track_caller]
fn gone_in_a_day(sandbox: &Sandbox, users: &[&str]) -> Value {
    missing_because(sandbox, users, "(missing_after)");
    a_day_passes(sandbox);
    let result = delta_like_full(sandbox);
    assert_eq!(named(&result["deleted"]), users, "{result:#}");
    for user in result["deleted"].as_array().expect("a bucket") {
        assert_eq!(user["evidence"], "absent");
    }
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
    for user in result["missing"].as_array_mut().into_iter().flatten() {
        for time in ["since", "reason"] {
            user[time] = without_times(user[time].as_str().unwrap_or_default()).into();
        }
    }
    result
}

/// The settings for a server, where anything may happen to many at once.
fn unguarded(dc: &SambaDc) -> Settings {
    let limits = ["deletes", "cleared", "disabled", "modified", "missing"];
    Settings {
        more_sync: limits.map(|it| format!("max_{it} = 10000\n")).concat(),
        ..Settings::for_dc(dc)
    }
}

/// The same, and nobody is waited for who is missing.
fn at_once(dc: &SambaDc) -> Settings {
    let mut settings = unguarded(dc);
    settings.more_sync.push_str("missing_after = \"0\"\n");
    settings
}
