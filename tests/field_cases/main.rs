//! What went wrong elsewhere, and then here: reports against comparable tools that adsync itself was
//! found to repeat, each on the server it was reported for (Samba's domain controller, `OpenLDAP`'s
//! slapd, 389 DS). A test says what is right, and runs in every mode that there is: reading everything,
//! by change mark, and of chosen users.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod attributes;
mod certificates;
mod controllers;
mod deletions;
mod domains;
mod groups;
mod guard;
mod identities;
mod leavers;
mod modes;
mod passwords;
mod references;
mod rights;
mod servers;
mod shared_store;

use serde_json::Value;

use support::adsync::Sandbox;
use support::embedded::{names, text};
use support::samba::{SERVICE_ACCOUNT, SambaDc, User};

/// A person with all fields, whose mail address is made of the account name.
fn person(sam: &str) -> User {
    User::new(sam)
        .given("Given")
        .sn("Surname")
        .mail(&format!("{sam}@corp.example.com"))
        .phone("+1 555 0100")
}

/// So many that one of them may go without the guard having a say.
const SIX: [&str; 6] = ["alice", "bob", "carol", "dave", "emil", "fritz"];

/// The two kinds of account that adsync logs in with.
const ACCOUNTS: [Account; 2] = [Account::Ordinary, Account::SeesDeleted];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Account {
    /// Sees no deleted objects.
    Ordinary,
    /// May list and read them.
    SeesDeleted,
}

/// A domain with these people in `OU=Staff`, for an account of that kind. None of them is imported.
fn domain(people: &[User], account: Account) -> SambaDc {
    let dc = SambaDc::start();
    if account == Account::SeesDeleted {
        dc.grant_tombstones(SERVICE_ACCOUNT);
        // There must be one to be seen.
        dc.delete(&dc.add_user(&User::new("left.before")));
    }
    dc.add_all(people);
    dc
}

/// The same, and all of them are imported; the store has its change mark.
fn imported(people: &[User], account: Account) -> (SambaDc, Sandbox) {
    let dc = domain(people, account);
    let sandbox = Sandbox::for_dc(&dc);
    let witness = people.last().expect("somebody");
    import(&sandbox, witness.sam());
    (dc, sandbox)
}

/// [`SIX`] people, imported, and the change mark.
fn six(account: Account) -> (SambaDc, Sandbox) {
    imported(&SIX.map(person), account)
}

/// Imports everybody, and reads everything: the first run that may set a change mark. The witness is whom a
/// run by mark must find, so it is the one who stays.
fn import(sandbox: &Sandbox, witness: &str) {
    json(sandbox, 0, &["import", "--users", witness]);
    json(sandbox, 0, &["sync", "--full"]);
    json(sandbox, 0, &["import", "--all"]);
}

/// What a command prints as JSON, when it ends with this code.
#[track_caller]
fn json(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    sandbox.run(&arguments).expect_code(code).json()
}

/// The users of the store, as `adsync list` prints them.
#[track_caller]
fn users(sandbox: &Sandbox) -> Vec<Value> {
    let list = json(sandbox, 0, &["list"]);
    list["users"].as_array().expect("a list of users").clone()
}

#[track_caller]
fn usernames(sandbox: &Sandbox) -> Vec<String> {
    users(sandbox)
        .iter()
        .map(|user| text(user, "username"))
        .collect()
}

#[track_caller]
fn user(sandbox: &Sandbox, username: &str) -> Value {
    let users = users(sandbox);
    let found = users.iter().find(|user| user["username"] == username);
    found
        .unwrap_or_else(|| panic!("no {username} in {users:#?}"))
        .clone()
}

/// Fails unless each of those who are missing is so for a reason with these words in it.
#[track_caller]
fn assert_reason(run: &Value, words: &str) {
    for user in run["missing"].as_array().into_iter().flatten() {
        let reason = text(user, "reason");
        assert!(reason.contains(words), "{words:?} is not said: {reason}");
    }
}

/// Fails unless nobody was deleted, exactly these are missing, each with a reason and since when, and
/// they are still in the store.
#[track_caller]
fn assert_missing(run: &Value, users: &[Value], missing: &[&str]) {
    assert_eq!(names(run, "deleted"), [""; 0], "deleted: {run:#}");
    assert_eq!(names(run, "failed"), [""; 0], "failed: {run:#}");
    assert_eq!(names(run, "missing"), missing, "missing: {run:#}");
    assert_eq!(run["counts"]["missing"], missing.len(), "{run:#}");
    for user in run["missing"].as_array().into_iter().flatten() {
        assert!(!text(user, "reason").is_empty(), "no reason: {user:#}");
        assert!(!text(user, "since").is_empty(), "since when? {user:#}");
    }
    for name in missing {
        let stored = users.iter().find(|user| user["username"] == **name);
        let stored = stored.unwrap_or_else(|| panic!("{name} is gone: {users:#?}"));
        assert_eq!(stored["status"], "missing", "{stored:#}");
        assert!(!text(stored, "reason").is_empty(), "no reason: {stored:#}");
    }
}
