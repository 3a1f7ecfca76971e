//! What the histories do to a directory, whichever server it is.

use std::path::PathBuf;

use testdir::{Directory, TestDir, User, Uuid};

/// A user to be added: an attribute may have several values, or none.
pub(crate) struct Entry {
    /// Its identity, if it has one already.
    pub(crate) guid: Option<Uuid>,
    pub(crate) common_name: String,
    pub(crate) parent: String,
    pub(crate) attributes: Vec<(&'static str, Vec<String>)>,
}

/// A domain controller, in the hands of its administrator.
pub(crate) trait Server {
    fn url(&self) -> String;

    /// Whose certificates are to be believed.
    fn ca_file(&self) -> Option<PathBuf>;

    /// The directory in memory that it is, for faults and for what it was asked.
    fn testdir(&self) -> Option<&TestDir>;

    fn add(&self, entry: &Entry) -> Uuid;
    fn set(&self, dn: &str, attribute: &str, values: &[String]);
    fn rename(&self, dn: &str, common_name: &str);
    fn move_to(&self, dn: &str, parent: &str);
    fn delete(&self, dn: &str);

    /// Takes every right to a user away from the account of the runs, wherever it is moved to.
    fn deny_user(&self, guid: Uuid);

    /// Takes every right to a container and what is in it away.
    fn deny_container(&self, dn: &str);

    /// Takes the right to read this attribute away, in the whole domain.
    fn hide(&self, attribute: &str);

    /// Gives back all rights.
    fn allow_all(&self);

    fn see_tombstones(&self, see: bool);

    /// What expires does so sooner.
    fn pass_time(&self, seconds: i64);

    /// The lifetime of a tombstone has passed.
    fn collect(&self, guid: Uuid);

    /// An entry is gone without a tombstone: it was moved to another domain.
    fn forget(&self, dn: &str);

    /// A branch is moved to another server.
    fn refer(&self, dn: &str);
}

impl Server for TestDir {
    fn url(&self) -> String {
        Self::url(self)
    }

    fn ca_file(&self) -> Option<PathBuf> {
        None
    }

    fn testdir(&self) -> Option<&TestDir> {
        Some(self)
    }

    fn add(&self, entry: &Entry) -> Uuid {
        let mut user = User::new("nobody")
            .common_name(&entry.common_name)
            .below(&entry.parent);
        for attribute in ["givenName", "sn", "mail", "telephoneNumber"] {
            user = user.without(attribute);
        }
        for (attribute, values) in &entry.attributes {
            user = user.with(attribute, values.iter().map(String::as_str));
        }
        if let Some(guid) = entry.guid {
            user = user.with("objectGUID", [guid.to_bytes_le()]);
        }
        self.add_user(user).expect("a user can be added")
    }

    fn set(&self, dn: &str, attribute: &str, values: &[String]) {
        self.replace(dn, attribute, values.iter().map(String::as_str))
            .expect("a value can be set");
    }

    fn rename(&self, dn: &str, common_name: &str) {
        Self::rename(self, dn, &format!("CN={common_name}")).expect("a free name can be taken");
    }

    fn move_to(&self, dn: &str, parent: &str) {
        Self::move_to(self, dn, parent).expect("an account can be moved");
    }

    fn delete(&self, dn: &str) {
        Self::delete(self, dn).expect("an account can be deleted");
    }

    fn deny_user(&self, guid: Uuid) {
        self.deny_identity(guid);
    }

    fn deny_container(&self, dn: &str) {
        self.deny(dn).expect("the containers stay");
    }

    fn hide(&self, attribute: &str) {
        self.hide_attribute(attribute, &self.base_dn())
            .expect("the domain has a DN");
    }

    fn allow_all(&self) {
        Self::allow_all(self);
        self.show_all_attributes();
    }

    fn see_tombstones(&self, see: bool) {
        Self::see_tombstones(self, see);
    }

    fn pass_time(&self, seconds: i64) {
        self.edit(|directory| directory.pass_time(seconds));
    }

    fn collect(&self, guid: Uuid) {
        self.edit(|directory| directory.collect(guid));
    }

    fn forget(&self, dn: &str) {
        self.edit(|directory| Directory::forget(directory, dn))
            .expect("an entry can be forgotten");
    }

    fn refer(&self, dn: &str) {
        self.edit(|directory| directory.refer(dn, &format!("ldap://elsewhere.example/{dn}")))
            .expect("a branch can be moved");
    }
}
