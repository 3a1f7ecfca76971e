//! The domain controller as a KDC: names for it, tickets and keytabs from it, and the `krb5.conf` that
//! leads to it. Nothing of the machine's own Kerberos settings is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::ldif::Record;
use super::provision::program;
use super::{BASE_DN, DOMAIN, SambaDc, process};

/// Far above the moment it takes.
const LIMIT: Duration = Duration::from_secs(20);

/// The realm of the domain.
pub(crate) const REALM: &str = "CORP.EXAMPLE.COM";

/// The service account as Kerberos writes it.
pub(crate) const SERVICE_PRINCIPAL: &str = "svc-adsync@CORP.EXAMPLE.COM";

impl SambaDc {
    /// A domain controller with its KDC, which has tickets for its address.
    pub(crate) fn start_with_kdc() -> Self {
        let dc = Self::builder().service("kdc").start();
        dc.add_spn(&Self::controller(), &dc.spn());
        dc
    }

    /// The account of the domain controller.
    pub(crate) fn controller() -> String {
        format!("CN=DC1,OU=Domain Controllers,{BASE_DN}")
    }

    /// `ldap/127.a.b.c`: what a ticket for this server is for.
    pub(crate) fn spn(&self) -> String {
        format!("ldap/{}", self.ip())
    }

    /// Gives an account a service principal name.
    pub(crate) fn add_spn(&self, dn: &str, spn: &str) {
        self.ldif(
            &Record::modify(dn)
                .add_value("servicePrincipalName", spn)
                .to_string(),
        );
    }

    /// Takes it from the domain controller.
    pub(crate) fn remove_spn(&self, spn: &str) {
        let change = Record::modify(&Self::controller()).delete_value("servicePrincipalName", spn);
        self.ldif(&change.to_string());
    }

    /// A `krb5.conf` that names this KDC and nothing else.
    pub(crate) fn krb5_conf(&self) -> PathBuf {
        self.krb5_conf_for(&self.ip().to_string())
    }

    /// A `krb5.conf` with that KDC.
    pub(crate) fn krb5_conf_for(&self, kdc: &str) -> PathBuf {
        let file = self.directory.path().join("krb5.conf");
        let text = format!(
            "[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n \
             dns_lookup_realm = false\n\
             [realms]\n {REALM} = {{\n  kdc = {kdc}\n }}\n\
             [domain_realm]\n .{DOMAIN} = {REALM}\n"
        );
        fs::write(&file, text).expect("the server's folder is writable");
        file
    }

    /// Makes a keytab as an administrator does without a domain controller at hand.
    pub(crate) fn keytab(&self, file: &Path, principal: &str, password: &str) {
        let said = format!(
            "addent -password -p {principal} -k 1 -e aes256-cts-hmac-sha1-96\n{password}\nwkt {}\n",
            file.display()
        );
        self.kerberos(&mut Command::new(program("ktutil")), &said);
    }

    /// Makes the keytab of a server, whose principal is not its account's.
    pub(crate) fn service_keytab(&self, file: &Path, spn: &str, account: &str, password: &str) {
        // The number of the key is told by the ticket; it is that of a new account.
        let entries = [1, 2].map(|number| {
            format!(
                "addent -password -p {spn}@{REALM} -k {number} -e aes256-cts-hmac-sha1-96 \
                 -s {REALM}{account}\n{password}\n"
            )
        });
        let said = format!("{}wkt {}\n", entries.concat(), file.display());
        self.kerberos(&mut Command::new(program("ktutil")), &said);
    }

    /// Gets a ticket, as `kinit` does for a person; `options` such as a lifetime.
    pub(crate) fn ticket(&self, cache: &Path, principal: &str, password: &str, options: &[&str]) {
        let mut kinit = Command::new(program("kinit"));
        kinit.args(options).arg("-c").arg(cache).arg(principal);
        self.kerberos(&mut kinit, &format!("{password}\n"));
    }

    fn kerberos(&self, command: &mut Command, input: &str) {
        command.env("KRB5_CONFIG", self.krb5_conf());
        let finished = process::run(command, input.as_bytes(), LIMIT);
        assert!(
            finished.status.success(),
            "{command:?} ended with {}\n{}{}",
            finished.status,
            String::from_utf8_lossy(&finished.stdout),
            String::from_utf8_lossy(&finished.stderr)
        );
    }
}
