//! Owns what an account may see. Rights are changed in the database below the
//! server: there a security descriptor is readable text (SDDL, MS-DTYP 2.5.1),
//! and the system may change even the container of deleted objects.

use std::process::Command;
use std::time::Duration;

use super::ldif::{Record, sid_text};
use super::provision::program;
use super::{BASE_DN, SambaDc};
use crate::support::process;

const TOOL_LIMIT: Duration = Duration::from_mins(1);

/// `sd_flags:1:4` is the access list only: without owner and group.
const CONTROLS: &str = "--controls=show_deleted:1,sd_flags:1:4";

impl SambaDc {
    /// Lets an account list and read the deleted objects, as an administrator
    /// does with `dsacls "CN=Deleted Objects,…" /g account:LCRP`.
    pub(crate) fn grant_tombstones(&self, sam: &str) {
        let ace = format!("(A;;RPLC;;;{})", self.sid_of(sam));
        self.put_first(&format!("CN=Deleted Objects,{BASE_DN}"), &ace);
    }

    /// Hides an entry, and everything below it, from an account: it can neither
    /// read attributes nor list children there any more.
    ///
    /// As in any AD, a search does not find a hidden user, but a search with
    /// the user itself as its base still gives the bare DN, without attributes.
    /// The users below a hidden OU are not there at all.
    pub(crate) fn deny_read(&self, dn: &str, sam: &str) {
        let ace = format!("(D;CI;RPLCLORC;;;{})", self.sid_of(sam));
        self.put_first(dn, &ace);
    }

    /// Puts an entry first in an access list: denials are only heeded before
    /// what allows.
    fn put_first(&self, dn: &str, ace: &str) {
        let old = self.access_list(dn);
        let (flags, aces) = old
            .split_at_checked(old.find('(').unwrap_or(old.len()))
            .unwrap_or((&old, ""));
        let new = format!("{flags}{ace}{aces}");
        let change = Record::modify(dn).replace("nTSecurityDescriptor", new);
        self.run_ldb("ldbmodify", |_| {}, &change.to_string());
    }

    fn access_list(&self, dn: &str) -> String {
        let output = self.run_ldb(
            "ldbsearch",
            |tool| {
                tool.args(["-b", dn, "-s", "base", "nTSecurityDescriptor"]);
            },
            "",
        );
        value_of(&output, "nTSecurityDescriptor").unwrap_or_else(|| panic!("there is no {dn}"))
    }

    fn sid_of(&self, sam: &str) -> String {
        let account = self.account(sam);
        sid_text(account.bytes("objectSid").expect("an account has one"))
    }

    fn run_ldb(&self, name: &str, arguments: impl FnOnce(&mut Command), input: &str) -> String {
        let mut tool = Command::new(program(name));
        tool.arg(format!("--configfile={}", self.config_file().display()))
            .arg("-H")
            .arg(self.database())
            .arg(CONTROLS);
        arguments(&mut tool);
        let finished = process::run(&mut tool, input.as_bytes(), TOOL_LIMIT);
        let output = String::from_utf8_lossy(&finished.stdout).into_owned();
        assert!(
            finished.status.success(),
            "{name} failed: {output}{}",
            String::from_utf8_lossy(&finished.stderr)
        );
        output
    }
}

/// The value of an attribute in wrapped LDIF: continued lines start with a
/// space.
fn value_of(ldif: &str, attribute: &str) -> Option<String> {
    let unwrapped = ldif.replace("\n ", "");
    let start = format!("{attribute}: ");
    unwrapped
        .lines()
        .find_map(|line| line.strip_prefix(&start))
        .map(str::to_owned)
}
