//! Against a real Active Directory: Samba's domain controller, over LDAPS, with an ordinary account.

use std::env;
use std::process::Command;

use anyhow::{Result, ensure};

use super::cases::{self, FEW};
use crate::endpoint::Endpoint;
use crate::rounds::{self, Row};
use crate::site::Site;
use crate::support::samba::ldif::Record;
use crate::support::samba::{
    SERVICE_ACCOUNT, SERVICE_PASSWORD, SERVICE_UPN, STAFF_DN, SambaDc, User,
};

/// Measures with this many users.
pub fn run(users: usize, rounds: usize) -> Result<Vec<Row>> {
    make_domain_apart(users)?;
    let dc = start(users);
    let_tombstones_be_seen(&dc);
    let endpoint = endpoint(&dc);
    let site = Site::new(&endpoint)?;
    let names: Vec<String> = cases::spread(FEW, users)
        .map(|number| format!("user{number:04}"))
        .collect();
    let cases = vec![
        cases::ldapsearch(&endpoint, &site, users)?,
        cases::import(&site, users),
        cases::full_sync(&site, users),
        cases::sync(&site),
        cases::sync_changes(&site, |round| {
            change_phones(&dc, users, round);
            Ok(())
        }),
        cases::sync_users(&site, &names),
    ];
    rounds::in_turn(&format!("Samba, {users} users"), rounds, cases)
}

/// Makes the domain, which is then kept in the target folder.
pub fn make_domain(users: usize) {
    drop(start(users));
}

/// The same in a process of its own: it takes memory, which would count as that of every process that
/// the benchmark starts afterwards.
fn make_domain_apart(users: usize) -> Result<()> {
    crate::progress(&format!("starting a domain controller with {users} users"));
    let status = Command::new(env::current_exe()?)
        .args(["--make-domain", &users.to_string()])
        .status()?;
    ensure!(status.success(), "cannot make a domain of {users} users");
    Ok(())
}

fn start(users: usize) -> SambaDc {
    SambaDc::builder().users(users).start()
}

/// The account sees deleted objects, and there is one to see: otherwise each run looks for everybody.
fn let_tombstones_be_seen(dc: &SambaDc) {
    dc.grant_tombstones(SERVICE_ACCOUNT);
    dc.delete(&dc.add_user(&User::new("left.before")));
}

fn endpoint(dc: &SambaDc) -> Endpoint {
    Endpoint {
        url: dc.url(),
        base_dn: STAFF_DN.to_owned(),
        bind_name: SERVICE_UPN.to_owned(),
        password: SERVICE_PASSWORD.to_owned(),
        ca_file: Some(dc.ca_file()),
    }
}

fn change_phones(dc: &SambaDc, users: usize, round: usize) {
    let changes: String = cases::spread(FEW, users)
        .map(|number| {
            Record::modify(&User::numbered(number).dn())
                .replace("telephoneNumber", format!("+1 555 0100 {round}"))
                .to_string()
        })
        .collect();
    dc.ldif(&changes);
}
