//! Owns the helpers that read like what happens in a company: people join,
//! marry, move, leave. Each is a change by the administrator over LDAP.

use std::fmt::Write as _;

use super::ldif::{Record, escape_dn_value, password_value, split_dn};
use super::{DOMAIN, STAFF_DN, SambaDc, Search};

/// `userAccountControl` (MS-ADTS 2.2.16): an ordinary account, and the bit that
/// disables it.
const NORMAL_ACCOUNT: u32 = 0x200;
const ACCOUNT_DISABLE: u32 = 0x2;

/// A person to add. Without more said: enabled, in `OU=Staff`, the CN is the
/// account name, no password, and of the other attributes only a UPN.
#[derive(Clone, Debug)]
pub(crate) struct User {
    sam: String,
    cn: String,
    ou: String,
    account_control: u32,
    attributes: Vec<(String, Vec<u8>)>,
}

impl User {
    pub(crate) fn new(sam: &str) -> Self {
        let user = Self {
            sam: sam.to_owned(),
            cn: sam.to_owned(),
            ou: STAFF_DN.to_owned(),
            account_control: NORMAL_ACCOUNT,
            attributes: Vec::new(),
        };
        if sam
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            user.upn(&format!("{sam}@{DOMAIN}"))
        } else {
            user
        }
    }

    /// `user0001` and so on, with every attribute that adsync reads.
    pub(crate) fn numbered(n: usize) -> Self {
        Self::new(&format!("user{n:04}"))
            .given(&format!("Given{n:04}"))
            .sn(&format!("Surname{n:04}"))
            .mail(&format!("user{n:04}@{DOMAIN}"))
            .phone(&format!("+1 555 {n:04}"))
    }

    pub(crate) fn sam(&self) -> &str {
        &self.sam
    }

    pub(crate) fn cn(mut self, cn: &str) -> Self {
        cn.clone_into(&mut self.cn);
        self
    }

    /// The DN of the container that the user is made in.
    pub(crate) fn ou(mut self, ou: &str) -> Self {
        ou.clone_into(&mut self.ou);
        self
    }

    pub(crate) fn given(self, name: &str) -> Self {
        self.attribute("givenName", name)
    }

    pub(crate) fn sn(self, name: &str) -> Self {
        self.attribute("sn", name)
    }

    pub(crate) fn mail(self, address: &str) -> Self {
        self.attribute("mail", address)
    }

    pub(crate) fn phone(self, number: &str) -> Self {
        self.attribute("telephoneNumber", number)
    }

    pub(crate) fn upn(self, name: &str) -> Self {
        self.attribute("userPrincipalName", name)
    }

    pub(crate) fn password(self, password: &str) -> Self {
        self.attribute("unicodePwd", password_value(password))
    }

    pub(crate) fn disabled(mut self) -> Self {
        self.account_control |= ACCOUNT_DISABLE;
        self
    }

    /// Any attribute; it takes the place of an earlier value.
    pub(crate) fn attribute(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.attributes.retain(|(known, _)| known != name);
        self.attributes
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn dn(&self) -> String {
        format!("CN={},{}", escape_dn_value(&self.cn), self.ou)
    }

    fn record(&self) -> Record {
        let mut record = Record::add(&self.dn())
            .value("objectClass", "user")
            .value("sAMAccountName", &self.sam)
            .value("userAccountControl", self.account_control.to_string());
        for (name, value) in &self.attributes {
            record = record.value(name, value);
        }
        record
    }
}

impl SambaDc {
    fn apply(&self, record: &Record) {
        self.ldif(&record.to_string());
    }

    /// Adds a user and returns its DN.
    pub(crate) fn add_user(&self, user: &User) -> String {
        self.apply(&user.record());
        user.dn()
    }

    /// Adds many users in one call.
    pub(crate) fn add_all(&self, users: &[User]) {
        let mut changes = String::new();
        for user in users {
            write!(changes, "{}", user.record()).expect("writing to a string does not fail");
        }
        self.ldif(&changes);
    }

    /// Adds `User::numbered(1)` to `User::numbered(n)` and returns them. Takes
    /// seconds for thousands; see also `SambaDc::builder().users(n)`.
    pub(crate) fn add_users(&self, n: usize) -> Vec<User> {
        let users: Vec<_> = (1..=n).map(User::numbered).collect();
        self.add_all(&users);
        users
    }

    /// Adds an organizational unit below `parent` and returns its DN.
    pub(crate) fn add_ou(&self, name: &str, parent: &str) -> String {
        let dn = format!("OU={},{parent}", escape_dn_value(name));
        self.apply(&Record::add(&dn).value("objectClass", "organizationalUnit"));
        dn
    }

    /// Adds a group in `OU=Staff` with these members and returns its DN.
    pub(crate) fn add_group(&self, name: &str, members: &[impl AsRef<str>]) -> String {
        let dn = format!("CN={},{}", escape_dn_value(name), self.domain.staff_dn);
        let mut record = Record::add(&dn)
            .value("objectClass", "group")
            .value("sAMAccountName", name);
        for member in members {
            record = record.value("member", member.as_ref());
        }
        self.apply(&record);
        dn
    }

    pub(crate) fn add_member(&self, group: &str, member: &str) {
        self.apply(&Record::modify(group).add_value("member", member));
    }

    pub(crate) fn remove_member(&self, group: &str, member: &str) {
        self.apply(&Record::modify(group).delete_value("member", member));
    }

    /// Gives an attribute one value, or with `None` removes it.
    pub(crate) fn modify(&self, dn: &str, attribute: &str, value: Option<&str>) {
        let record = Record::modify(dn);
        self.apply(&match value {
            Some(value) => record.replace(attribute, value),
            None => record.clear(attribute),
        });
    }

    /// Changes the sAMAccountName; CN, DN and UPN stay.
    pub(crate) fn rename_account(&self, old: &str, new: &str) {
        self.modify(&self.dn_of(old), "sAMAccountName", Some(new));
    }

    /// Changes the last component of a DN, of a user or an OU, and returns the
    /// new DN.
    pub(crate) fn rename_cn(&self, dn: &str, new_name: &str) -> String {
        let (rdn, parent) = split_dn(dn);
        let (attribute, _) = rdn.split_once('=').expect("an RDN has an equals sign");
        let new_rdn = format!("{attribute}={}", escape_dn_value(new_name));
        self.apply(&Record::rename(dn, &new_rdn, None));
        format!("{new_rdn},{parent}")
    }

    /// Moves an entry to another container and returns the new DN.
    pub(crate) fn move_to(&self, dn: &str, parent: &str) -> String {
        let (rdn, _) = split_dn(dn);
        self.apply(&Record::rename(dn, rdn, Some(parent)));
        format!("{rdn},{parent}")
    }

    pub(crate) fn delete(&self, dn: &str) {
        self.apply(&Record::delete(dn));
    }

    /// Brings a deleted user back, as the entry of this DN.
    pub(crate) fn reanimate(&self, guid: &str, dn: &str) {
        let search = Search::new("(isDeleted=TRUE)")
            .below(self.domain.base_dn)
            .with_deleted();
        let deleted = self.search(&search);
        let tombstone = deleted.iter().find(|entry| entry.guid() == guid);
        let tombstone = tombstone.unwrap_or_else(|| panic!("{guid} was not deleted"));
        self.apply(&Record::reanimate(&tombstone.dn, dn));
    }

    /// Deletes an OU and everyone in it.
    pub(crate) fn delete_tree(&self, dn: &str) {
        self.apply(&Record::delete_tree(dn));
    }

    pub(crate) fn disable(&self, dn: &str) {
        self.set_account_control(dn, |flags| flags | ACCOUNT_DISABLE);
    }

    pub(crate) fn enable(&self, dn: &str) {
        self.set_account_control(dn, |flags| flags & !ACCOUNT_DISABLE);
    }

    pub(crate) fn set_password(&self, dn: &str, password: &str) {
        self.apply(&Record::modify(dn).replace("unicodePwd", password_value(password)));
    }

    /// Locks an account after this many wrong passwords; by default never.
    pub(crate) fn lock_out_after(&self, wrong_passwords: u32) {
        let wrong_passwords = wrong_passwords.to_string();
        self.modify(
            self.domain.base_dn,
            "lockoutThreshold",
            Some(&wrong_passwords),
        );
    }

    /// The account's `objectGUID`, as AD tools write it.
    pub(crate) fn guid_of(&self, sam: &str) -> String {
        self.account(sam).guid()
    }

    pub(crate) fn dn_of(&self, sam: &str) -> String {
        self.account(sam).dn
    }

    fn set_account_control(&self, dn: &str, change: impl FnOnce(u32) -> u32) {
        let entry = self.entry(dn).unwrap_or_else(|| panic!("there is no {dn}"));
        let flags: u32 = entry
            .text("userAccountControl")
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{dn} is no account"));
        let flags = change(flags).to_string();
        self.modify(dn, "userAccountControl", Some(&flags));
    }
}
