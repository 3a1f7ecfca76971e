//! The binary against real servers that are not Active Directory: `OpenLDAP`'s slapd and 389 Directory Server.

#[path = "../support/mod.rs"]
mod support;

mod exclude;
mod first_hour;
mod groups;
mod identities;
mod schema;

use serde_json::Value;

use support::adsync::{Sandbox, Settings};
use support::embedded::names;
use support::plain::{Person, PlainServer};

/// Settings for a server, with these attributes in place of those of the documentation.
fn settings(server: &PlainServer, attributes: &[(&str, &str)]) -> Settings {
    let mut known = vec![("username", "\"uid\""), ("guid", "\"entryUUID\"")];
    known.retain(|(field, _)| !attributes.iter().any(|(other, _)| other == field));
    let lines: Vec<String> = known
        .iter()
        .chain(attributes)
        .map(|(field, value)| format!("{field} = {value}"))
        .collect();
    Settings {
        more_attributes: lines.join("\n"),
        ..server.settings()
    }
}

/// The result of a run in JSON.
#[track_caller]
fn json(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    sandbox.run(&arguments).expect_code(code).json()
}

/// The user of that name in the store.
fn user(sandbox: &Sandbox, username: &str) -> Value {
    let list = json(sandbox, 0, &["list"]);
    let users = list["users"].as_array().expect("a list");
    let found = users.iter().find(|user| user["username"] == username);
    found
        .unwrap_or_else(|| panic!("no {username} in {users:#?}"))
        .clone()
}

fn usernames(sandbox: &Sandbox) -> Vec<String> {
    names(&json(sandbox, 0, &["list"]), "users")
}
