//! The cases that are the same whatever the server is, and the names of all.

use anyhow::Result;

use crate::endpoint::Endpoint;
use crate::ldap_tools;
use crate::report::Expected;
use crate::rounds::Case;
use crate::site::Site;
use crate::users::User;

pub const LDAPSEARCH: &str = "ldapsearch";
pub const IMPORT: &str = "import --all";
pub const FULL_SYNC: &str = "sync --full, nothing changed";
pub const FULL_SYNC_CHANGES: &str = "sync --full, 1 % changed";
pub const SYNC: &str = "sync, nothing changed";
pub const SYNC_CHANGES: &str = "sync, 100 changed";
pub const SYNC_USERS: &str = "sync --users, 100 users";
pub const LIST: &str = "list --format json";
pub const FIRST_LINES: [(&str, &str); 3] = [
    ("json", "first line of list --format json"),
    ("csv", "first line of list --format csv"),
    ("table", "first line of list"),
];
pub const VERSION: &str = "--version";
pub const EMPTY_LIST: &str = "list, empty store";

/// How many users a small change or a selection is about.
pub const FEW: usize = 100;

/// Reads all users with `ldapsearch`.
pub fn ldapsearch<'a>(endpoint: &'a Endpoint, site: &Site, users: usize) -> Result<Case<'a>> {
    let attributes = site.requested_attributes()?;
    // Made once before, so that a missing program is said at once.
    ldap_tools::ldapsearch(endpoint, &attributes)?;
    let command = move || {
        ldap_tools::ldapsearch(endpoint, &attributes).expect("the program was found before")
    };
    Ok(Case::new(LDAPSEARCH, command).prints_entries(users))
}

/// Imports all users into a new store.
pub fn import(site: &Site, users: usize) -> Case<'_> {
    adsync(site, IMPORT, &["import", "--all"])
        .after(|_| site.remove_store())
        .reports(Expected {
            checked: Some(users),
            imported: users,
            modified: 0,
        })
}

/// Reads everybody again and finds everything as it was.
pub fn full_sync(site: &Site, users: usize) -> Case<'_> {
    adsync(site, FULL_SYNC, &["sync", "--full"]).reports(unchanged(users))
}

/// A sync as cron runs it, with nothing to do.
pub fn sync(site: &Site) -> Case<'_> {
    adsync(site, SYNC, &["sync"]).reports(Expected::default())
}

/// A sync as cron runs it, with few changes. `change` makes them.
pub fn sync_changes<'a>(site: &'a Site, change: impl FnMut(usize) -> Result<()> + 'a) -> Case<'a> {
    adsync(site, SYNC_CHANGES, &["sync"])
        .after(change)
        .reports(Expected {
            modified: FEW,
            ..Expected::default()
        })
}

/// Syncs a few users by name.
pub fn sync_users<'a>(site: &'a Site, names: &[String]) -> Case<'a> {
    let expected = unchanged(names.len());
    let names = names.join(",");
    Case::new(SYNC_USERS, move || {
        site.adsync(&["sync", "--users", &names, "--format", "json"])
    })
    .reports(expected)
}

/// adsync with these arguments, reporting as JSON.
pub fn adsync<'a>(site: &'a Site, name: &str, arguments: &'static [&str]) -> Case<'a> {
    Case::new(name, move || {
        site.adsync(&[arguments, &["--format", "json"]].concat())
    })
}

/// So many numbers of users, evenly spread over all of them.
pub fn spread(count: usize, users: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |nth| 1 + nth * users / count)
}

/// The usernames of a few of the users that slapd has: one in each part of the directory, at another
/// place there, for at the same place all have the same first name and are neighbours in an index.
pub fn some_usernames(users: usize) -> Vec<String> {
    let places = (0..users / FEW).cycle();
    let few = spread(FEW, users).zip(places);
    few.map(|(first, place)| User::numbered(first + place).username())
        .collect()
}

fn unchanged(users: usize) -> Expected {
    Expected {
        checked: Some(users),
        ..Expected::default()
    }
}
