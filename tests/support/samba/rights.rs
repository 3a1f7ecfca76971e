//! Owns what an account may see. Rights are changed in the database below the
//! server: there a security descriptor is readable text (SDDL, MS-DTYP 2.5.1),
//! and the system may change even the container of deleted objects.

use std::process::Command;
use std::time::Duration;

use super::SambaDc;
use super::ldif::{Record, sid_text};
use super::provision::program;
use crate::support::process;

const TOOL_LIMIT: Duration = Duration::from_mins(1);

/// `sd_flags:1:4` is the access list only: without owner and group.
const CONTROLS: &str = "--controls=show_deleted:1,sd_flags:1:4";

/// The GUID of that optional feature.
const RECYCLE_BIN: &str = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a";

/// Samba's `DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID`
const BYPASS_PASSWORD_HASH: &str = "1.3.6.1.4.1.7165.4.3.12";

/// Of `userAccountControl` (MS-ADTS 2.2.16): the account of a trusted domain.
const INTERDOMAIN_TRUST_ACCOUNT: u32 = 0x800;

/// A bit of `systemFlags` (MS-ADTS 2.2.10).
const DISALLOW_MOVE_ON_DELETE: u32 = 0x0200_0000;

/// `schemaIDGUID` of `uSNChanged`.
const USN_CHANGED: &str = "bf967a6f-0de6-11d0-a285-00aa003049e2";

impl SambaDc {
    /// Lets an account list and read the deleted objects, as an administrator
    /// does with `dsacls "CN=Deleted Objects,…" /g account:LCRP`.
    pub(crate) fn grant_tombstones(&self, sam: &str) {
        let ace = format!("(A;;RPLC;;;{})", self.sid_of(sam));
        self.put_first(&self.deleted_objects(), &ace);
    }

    /// Takes back what [`Self::grant_tombstones`] gave.
    pub(crate) fn revoke_tombstones(&self, sam: &str) {
        let ace = format!("(A;;RPLC;;;{})", self.sid_of(sam));
        self.change_access(&self.deleted_objects(), |old| old.replace(&ace, ""));
    }

    /// Takes back the right to list the deleted objects, but not the right to
    /// read their container. It says of itself that it is deleted.
    pub(crate) fn revoke_tombstones_but_not_their_container(&self, sam: &str) {
        let sid = self.sid_of(sam);
        self.change_access(&self.deleted_objects(), |old| {
            old.replace(&format!("(A;;RPLC;;;{sid})"), &format!("(A;;RP;;;{sid})"))
        });
    }

    /// Hides `uSNChanged` of an entry, and of everything below it, from an account.
    pub(crate) fn deny_usn_changed(&self, dn: &str, sam: &str) {
        self.deny_attribute(dn, USN_CHANGED, sam);
    }

    /// Hides one attribute, by its `schemaIDGUID`, of an entry and of everything below it from an
    /// account. What the entries below say themselves takes precedence, and those of users say that
    /// everybody reads what is public of them.
    pub(crate) fn deny_attribute(&self, dn: &str, attribute: &str, sam: &str) {
        let sid = self.sid_of(sam);
        self.put_first(dn, &format!("(OD;CI;RP;{attribute};;{sid})"));
    }

    /// Hides one attribute of every user below an entry from an account.
    pub(crate) fn deny_attribute_of_users(&self, dn: &str, attribute: &str, sam: &str) {
        let ace = format!("(OD;;RP;{attribute};;{})", self.sid_of(sam));
        self.change_access_of_users(dn, |old| first(old, &ace));
    }

    /// Gives back what [`Self::deny_attribute_of_users`] took.
    pub(crate) fn allow_attribute_of_users(&self, dn: &str, attribute: &str, sam: &str) {
        let ace = format!("(OD;;RP;{attribute};;{})", self.sid_of(sam));
        self.change_access_of_users(dn, |old| old.replace(&ace, ""));
    }

    fn change_access_of_users(&self, dn: &str, change: impl Fn(&str) -> String) {
        let output = self.run_ldb(
            "ldbsearch",
            |tool| {
                tool.args(["-b", dn, "(objectClass=user)", "nTSecurityDescriptor"]);
            },
            "",
        );
        let unwrapped = output.replace("\n ", "");
        let records = unwrapped.split("\n\n").filter_map(|record| {
            let dn = value_of(record, "dn")?;
            let old = value_of(record, "nTSecurityDescriptor")?;
            let record = Record::modify(&dn).replace("nTSecurityDescriptor", change(&old));
            Some(record.to_string())
        });
        let records: String = records.collect();
        assert_ne!(records, "", "there are no users below {dn}");
        self.run_ldb("ldbmodify", |_| {}, &records);
    }

    /// Lets the password of an account be years old, where passwords are good for 42 days.
    pub(crate) fn expire_password(&self, dn: &str) {
        let days_42 = (-42 * 24 * 60 * 60 * 10_000_000_i64).to_string();
        self.modify(self.domain.base_dn, "maxPwdAge", Some(&days_42));
        // In 2019, as MS-DTYP 2.3.3 counts.
        let change = Record::modify(dn).replace("pwdLastSet", "132000000000000000");
        self.run_ldb(
            "ldbmodify",
            |tool| {
                // Past the module that knows but 0 and -1 there.
                tool.arg(format!("--controls=local_oid:{BYPASS_PASSWORD_HASH}:0"));
            },
            &change.to_string(),
        );
    }

    /// Adds the account of a domain that this one trusts, `NAME$`, as the system does.
    pub(crate) fn add_trust_account(&self, name: &str) {
        let account = Record::add(&format!("CN={name},CN=Users,{}", self.domain.base_dn))
            .value("objectClass", "user")
            .value("sAMAccountName", name)
            .value("userAccountControl", INTERDOMAIN_TRUST_ACCOUNT.to_string())
            .value("isCriticalSystemObject", "TRUE");
        self.run_ldb(
            "ldbmodify",
            |tool| {
                // `relax`: nobody else may make one, and its password comes with the trust.
                tool.arg("--controls=relax:0");
                tool.arg(format!("--controls=local_oid:{BYPASS_PASSWORD_HASH}:0"));
            },
            &account.to_string(),
        );
    }

    /// From now on those who are deleted keep their values (MS-ADTS 3.1.1.9.1). There
    /// is no way back.
    pub(crate) fn enable_recycle_bin(&self) {
        let feature = format!(
            "CN=Partitions,CN=Configuration,{}:{RECYCLE_BIN}",
            self.domain.base_dn
        );
        let change = Record::modify("").add_value("enableOptionalFeature", feature);
        self.run_ldb("ldbmodify", |_| {}, &change.to_string());
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

    /// Takes every right on one entry from an account. A search with the entry as its base still
    /// gives the bare DN.
    pub(crate) fn deny_all(&self, dn: &str, sam: &str) {
        let ace = format!("(D;;GA;;;{})", self.sid_of(sam));
        self.put_first(dn, &ace);
    }

    /// Gives back what [`Self::deny_read`] and [`Self::deny_all`] took, if they did.
    pub(crate) fn allow_again(&self, dn: &str, sam: &str) {
        let ending = format!(";{})", self.sid_of(sam));
        let old = self.access_list(dn);
        let denials = old.split_inclusive(')').filter(|ace| {
            let ace = &ace[ace.find('(').unwrap_or(0)..];
            ace.starts_with("(D;") && ace.ends_with(&ending)
        });
        let denials: Vec<&str> = denials
            .map(|ace| &ace[ace.find('(').unwrap_or(0)..])
            .collect();
        let new = denials
            .iter()
            .fold(old.clone(), |list, denial| list.replace(denial, ""));
        if new != old {
            self.change_access(dn, |_| new);
        }
    }

    /// Adds an OU that stays in its place when it is deleted, as some system objects
    /// do, so that its tombstone is seen by everybody. Returns its DN.
    pub(crate) fn add_ou_that_stays(&self, name: &str, parent: &str) -> String {
        let dn = format!("OU={name},{parent}");
        let ou = Record::add(&dn)
            .value("objectClass", "organizationalUnit")
            .value("systemFlags", DISALLOW_MOVE_ON_DELETE.to_string());
        self.run_ldb(
            "ldbmodify",
            |tool| {
                // `relax`: the flags are the system's own.
                tool.arg("--controls=relax:0");
            },
            &ou.to_string(),
        );
        dn
    }

    /// Puts an entry first in an access list: denials are only heeded before
    /// what allows.
    fn put_first(&self, dn: &str, ace: &str) {
        self.change_access(dn, |old| first(old, ace));
    }

    fn change_access(&self, dn: &str, change: impl FnOnce(&str) -> String) {
        let old = self.access_list(dn);
        let new = change(&old);
        assert_ne!(old, new, "the access list of {dn} was so already");
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

    fn deleted_objects(&self) -> String {
        format!("CN=Deleted Objects,{}", self.domain.base_dn)
    }

    fn sid_of(&self, sam: &str) -> String {
        let account = self.account(sam);
        sid_text(account.bytes("objectSid").expect("an account has one"))
    }

    pub(super) fn run_ldb(
        &self,
        name: &str,
        arguments: impl FnOnce(&mut Command),
        input: &str,
    ) -> String {
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

/// An access list with one more entry in front of the others.
fn first(list: &str, ace: &str) -> String {
    let begins = list.find('(').unwrap_or(list.len());
    let (flags, aces) = list.split_at(begins);
    format!("{flags}{ace}{aces}")
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
