//! Against `OpenLDAP`'s slapd, which is the fastest server at hand: what adsync adds is most visible there.

use anyhow::Result;

use super::cases::{self, FIRST_LINES, FULL_SYNC_CHANGES, LIST};
use crate::ldap_tools;
use crate::report::Expected;
use crate::rounds::{self, Case, Row};
use crate::site::Site;
use crate::slapd::Slapd;
use crate::users::User;

/// Measures with this many users.
pub fn run(users: usize, rounds: usize) -> Result<Vec<Row>> {
    let slapd = Slapd::start(users)?;
    let endpoint = slapd.endpoint();
    let site = Site::new(&endpoint)?;
    let mut cases = vec![
        cases::ldapsearch(&endpoint, &site, users)?,
        cases::import(&site, users),
        cases::full_sync(&site, users),
        full_sync_changes(&slapd, &site, users),
        cases::sync_users(&site, &cases::some_usernames(users)),
        Case::new(LIST, || site.adsync(&["list", "--format", "json"])),
    ];
    cases.extend(FIRST_LINES.map(|(format, name)| {
        let site = &site;
        Case::new(name, move || site.adsync(&["list", "--format", format])).until_first_line()
    }));
    rounds::in_turn(&format!("slapd, {users} users"), rounds, cases)
}

fn full_sync_changes<'a>(slapd: &'a Slapd, site: &'a Site, users: usize) -> Case<'a> {
    let changed = users / 100;
    cases::adsync(site, FULL_SYNC_CHANGES, &["sync", "--full"])
        .after(move |round| {
            let records = cases::spread(changed, users)
                .map(|number| User::numbered(number).phone_change(round + 1));
            ldap_tools::ldapmodify(&slapd.administrator(), records)
        })
        .reports(Expected {
            checked: Some(users),
            imported: 0,
            modified: changed,
        })
}
