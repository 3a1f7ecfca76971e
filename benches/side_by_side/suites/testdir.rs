//! Against the tests' directory in memory: an Active Directory with more users than Samba could be given
//! in a reasonable time, for what depends on change marks.

use std::cell::RefCell;

use anyhow::Result;

use super::cases::{self, FEW};
use crate::memory::MemoryDirectory;
use crate::rounds::{self, Row};
use crate::site::Site;

/// Measures with this many users.
pub fn run(users: usize, rounds: usize) -> Result<Vec<Row>> {
    crate::progress(&format!(
        "starting a directory in memory with {users} users"
    ));
    let directory = RefCell::new(MemoryDirectory::start(users)?);
    let endpoint = directory.borrow().endpoint();
    let site = Site::new(&endpoint)?;
    let cases = vec![
        cases::ldapsearch(&endpoint, &site, users)?,
        cases::import(&site, users),
        cases::full_sync(&site, users),
        cases::sync(&site),
        cases::sync_changes(&site, |round| {
            let changed = cases::spread(FEW, users);
            directory.borrow_mut().change_phones(changed, round)
        }),
    ];
    rounds::in_turn(&format!("testdir, {users} users"), rounds, cases)
}
