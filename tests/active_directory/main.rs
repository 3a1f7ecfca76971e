//! The binary against a real Active Directory: Samba's domain controller over LDAPS, with an
//! ordinary service account.

#[path = "../support/mod.rs"]
mod support;

mod attributes;
mod duplicates;
mod first_hour;
mod groups;
mod hostile;
mod identities;
#[cfg(feature = "kerberos")]
mod kerberos;
mod login;
mod marks;
mod scope;
mod story;
mod tls;

use serde_json::Value;

use support::adsync::{Answer, Sandbox};
use support::samba::{SambaDc, User};
use support::store::age_missing;

/// A domain with these accounts in `OU=Staff`, all of them imported.
fn imported(people: &[User]) -> (SambaDc, Sandbox) {
    let dc = SambaDc::start();
    dc.add_all(people);
    let sandbox = Sandbox::for_dc(&dc);
    sandbox.run(&["import", "--all"]).expect_code(0);
    (dc, sandbox)
}

/// A person with all fields, whose mail address is made of the account name.
fn person(sam: &str) -> User {
    User::new(sam)
        .given("Given")
        .sn("Surname")
        .mail(&format!("{sam}@corp.example.com"))
        .phone("+1 555 0100")
}

/// A day, and with it the time for which a user must be missing, has passed for those who are.
fn a_day_passes(sandbox: &Sandbox) {
    age_missing(&sandbox.store_path(), 24);
}

/// The users of the store, as `list --format json` prints them.
fn users(sandbox: &Sandbox) -> Vec<Value> {
    let list = sandbox.run(&["list", "--format", "json"]).expect_code(0);
    list.json()["users"].as_array().expect("a list").clone()
}

/// The user of that name.
fn user(sandbox: &Sandbox, username: &str) -> Value {
    let users = users(sandbox);
    let found = users.iter().find(|user| user["username"] == username);
    found
        .unwrap_or_else(|| panic!("no {username} in {users:#?}"))
        .clone()
}

/// The usernames in the store, in the order of the list.
fn usernames(sandbox: &Sandbox) -> Vec<String> {
    named(&Value::from(users(sandbox)))
}

/// The usernames in a bucket of a result.
fn named(bucket: &Value) -> Vec<String> {
    let them = bucket.as_array().expect("a bucket");
    them.iter()
        .map(|user| user["username"].as_str().expect("a username").to_owned())
        .collect()
}

/// The result of a run in JSON.
fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    run_json(sandbox, arguments).expect_code(0).json()
}

fn run_json(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    sandbox.run(&[arguments, &["--format", "json"]].concat())
}
