//! `adsync check` warns of rights that are too wide, with the command that takes them away.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::stage::{add, mode, set_mode, through, with_users};
use crate::support::adsync::Sandbox;

/// What is warned of, with the commands that mend it.
#[track_caller]
fn warnings(sandbox: &Sandbox) -> Vec<(String, String)> {
    let check = sandbox.run(&["check", "--format", "json"]).expect_code(0);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let check = check.json();
    let steps = check["steps"].as_array().expect("a list of steps");
    let is_of_rights = |step: &&Value| step["hint"] == "take that right away:";
    steps
        .iter()
        .filter(is_of_rights)
        .map(|step| (text(&step["message"]), text(&step["commands"][0])))
        .collect()
}

/// Gives it a right too many, sees that `check` says so, and does what it says.
#[track_caller]
fn warned(sandbox: &Sandbox, path: &Path, wide: u32, says: &str, mended: u32) {
    let before = mode(path);
    set_mode(path, wide);
    let warnings = warnings(sandbox);
    let name = path.file_name().expect("a name").to_string_lossy();
    let is_said =
        |(message, _): &(String, String)| message.contains(&format!("{name} can be {says}"));
    assert!(warnings.iter().any(is_said), "{warnings:?}");
    // The log of the store, which reading it makes, has the rights of the store.
    for (_, command) in &warnings {
        let said = through(&["sh", "-c", command], sandbox, &[]);
        assert_eq!(said.code, 0, "{command}");
    }
    assert_eq!(mode(path), mended, "{warnings:?}");
    assert_eq!(self::warnings(sandbox), []);
    set_mode(path, before);
}

#[test]
fn of_settings_and_store() {
    let (_directory, sandbox) = with_users(&["alice"]);
    add(&sandbox, &["zoe"]);
    assert_eq!(warnings(&sandbox), []);
    let settings = sandbox.config_file();
    let store = sandbox.store_path();
    warned(&sandbox, &store, 0o644, "read by others (mode 0644)", 0o640);
    warned(&sandbox, &store, 0o602, "written by others", 0o600);
    warned(&sandbox, &store, 0o660, "written by its group", 0o640);
    let folder = sandbox.path().join("store");
    warned(&sandbox, &folder, 0o777, "written by others", 0o775);
    // What an update kept of it has the same people in it.
    let kept = folder.join("users.db.v1");
    fs::write(&kept, "").expect("the sandbox is writable");
    set_mode(&kept, 0o600);
    warned(&sandbox, &kept, 0o644, "read by others", 0o640);
    // An application reads it by way of its group.
    set_mode(&store, 0o640);
    set_mode(&settings, 0o644);
    assert_eq!(warnings(&sandbox), []);
}
