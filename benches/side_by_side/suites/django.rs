//! Beside `ldap_sync_users` of django-python3-ldap, against the same slapd.

use anyhow::{Result, ensure};

use super::cases;
use crate::django::DjangoSite;
use crate::rounds::{self, Case, Row};
use crate::site::Site;
use crate::slapd::Slapd;

const FIRST_SYNC: &str = "ldap_sync_users, nobody there yet";
const SECOND_SYNC: &str = "ldap_sync_users, nothing changed";

/// Measures with this many users.
pub fn run(users: usize, rounds: usize) -> Result<Vec<Row>> {
    let slapd = Slapd::start(users)?;
    let endpoint = slapd.endpoint();
    let (site, django) = (Site::new(&endpoint)?, DjangoSite::new(&endpoint)?);
    let everybody_is_there = || {
        let there = django.users()?;
        ensure!(
            there == users,
            "ldap_sync_users made {there} users instead of {users}"
        );
        Ok(())
    };
    let cases = vec![
        cases::ldapsearch(&endpoint, &site, users)?,
        cases::import(&site, users),
        Case::new(FIRST_SYNC, || django.ldap_sync_users()).after(|_| django.remake_database()),
        cases::full_sync(&site, users),
        Case::new(SECOND_SYNC, || django.ldap_sync_users()).after(|_| everybody_is_there()),
    ];
    let rows = rounds::in_turn(
        &format!("django-python3-ldap, {users} users"),
        rounds,
        cases,
    )?;
    everybody_is_there()?;
    Ok(rows)
}
