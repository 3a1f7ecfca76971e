//! What a page presupposes where it shows a command: who is in the directory, what an administrator has done
//! before, and what happened meanwhile. It stands here by the command that the page has.

use crate::page::{Command, Page};
use crate::sandbox::Sandbox;
use crate::support::samba::{
    HOST_NAME, SERVICE_ACCOUNT, SERVICE_PASSWORD, STAFF_DN, SambaDc, User,
};

pub(crate) const SQLITE: &str = "sqlite3 -readonly /var/lib/adsync/users.db";
const SETTINGS: &str = "/etc/adsync/config.toml";
const PASSWORD: &str = "/etc/adsync/password";
const ADSYNC: &str = "cd /var/lib/adsync && sudo -u adsync adsync";

/// The people of README; with them and the service account there are 30 users in the domain.
const FILLERS: usize = 24;

/// An Active Directory with the people of README, and, where the page does not itself do that, adsync installed,
/// set up and with everybody imported.
pub(crate) fn at_first(page: &Page, sandbox: &Sandbox) {
    sandbox.dc.grant_tombstones(SERVICE_ACCOUNT);
    sandbox
        .dc
        .add_all(&["alice", "bob", "carol", "emile", "fritz"].map(person));
    install(sandbox);
    match page.name.as_str() {
        "docs/operations.md" => {
            sandbox.dc.add_users(FILLERS);
            // Without a deleted object nobody can tell that the account sees them.
            let leaver = sandbox.dc.add_user(&User::new("leaver"));
            sandbox.dc.delete(&leaver);
        }
        "README.md" => {
            set_up(sandbox, &format!("base_dn = {STAFF_DN:?}"));
            sandbox.must(&format!("{ADSYNC} import --all"));
            sandbox.must(&format!(
                "{ADSYNC} add helpdesk --email helpdesk@corp.example.com"
            ));
        }
        _ => {
            set_up(sandbox, "");
            sandbox.must(&format!("{ADSYNC} import --all"));
            change(sandbox);
            sandbox.must(&format!("{ADSYNC} sync"));
        }
    }
}

pub(crate) fn before(page: &Page, command: &Command, sandbox: &Sandbox) {
    let dc = &sandbox.dc;
    let adsync = |arguments: &str| sandbox.must(&format!("{ADSYNC} {arguments}"));
    match (page.name.as_str(), command.text.as_str()) {
        ("README.md", "adsync sync") => change(sandbox),
        (_, "adsync restore") => {
            adsync("sync");
        }
        ("README.md", text) if text.starts_with("sudo install ") => {
            sandbox.must("rm -r /etc/adsync/* /var/lib/adsync/*");
            write_settings(sandbox, "");
        }
        ("README.md", "man adsync") => {
            sandbox.must("mkdir -p /usr/share/man/man1 && adsync man /usr/share/man/man1");
        }
        ("docs/operations.md", text)
            if text.starts_with("install -m 0644 contrib/systemd/adsync.sysusers") =>
        {
            sandbox.must("install -d /etc/adsync && rm -f /usr/lib/sysusers.d/adsync.conf");
            write_settings(sandbox, "");
            sandbox.put(PASSWORD, SERVICE_PASSWORD);
        }
        ("docs/operations.md", "chmod 0640 /var/lib/adsync/users.db") => {
            sandbox.must("useradd ci");
            adsync("import --all");
            keep_store(sandbox, 1);
        }
        // Whoever was removed above is there again.
        ("docs/operations.md", "adsync show NAME" | "adsync remove") => {
            adsync("import --all");
        }
        ("docs/operations.md", "adsync sync --dry-run --exit-code") => {
            dc.modify(&dc.dn_of("carol"), "sn", Some("Cooper"));
        }
        ("docs/operations.md", text) if text.starts_with("setfacl ") => {
            sandbox.must("mkdir -p /var/lib/prometheus/node-exporter");
        }
        ("docs/operations.md", text) if text.contains("@leavers.txt") => {
            adsync("import --all");
            sandbox.must("echo bob > leavers.txt");
        }
        // It prints what that server needs, and does not ask it.
        ("docs/databases.md", "adsync setup --print-sql") => {
            let settings = block(&Page::read("README.md"), "toml", "url = ");
            let (directory, _) = settings.split_once("[store]").expect("a store");
            let store = block(page, "toml", "url = ");
            sandbox.put(SETTINGS, &format!("{directory}{store}"));
        }
        // Kerberos, or another store, is shown in the middle of the page and is over then.
        ("docs/active-directory.md" | "docs/databases.md", "adsync check") => {
            set_up(sandbox, "");
        }
        ("docs/operations.md", "adsync history 42") => come_to_run_42(sandbox),
        ("docs/operations.md", "adsync undo 42") if command.kind == "console" => {
            have_store(sandbox, 42);
            dc.modify(&dc.dn_of("bob"), "sn", Some("Bell"));
            adsync("sync");
        }
        ("docs/operations.md", text) if text.starts_with("adsync undo 1 ") => {
            have_store(sandbox, 1);
        }
        (
            "docs/operations.md",
            "adsync undo 42" | "adsync restore --run 42" | "adsync restore alice",
        ) => {
            have_store(sandbox, 42);
        }
        ("docs/active-directory.md", text) if text.starts_with("samba-tool ") => {
            let smb_conf = dc.ca_file().with_file_name("smb.conf");
            sandbox.must(&format!(
                "mkdir -p /etc/samba && ln -sf {} /etc/samba/smb.conf",
                smb_conf.display()
            ));
        }
        // Made in another way, and to be used by itself.
        ("docs/active-directory.md", "ktutil") => {
            sandbox.must("klist -k adsync.keytab | grep svc-adsync && rm adsync.keytab");
        }
        ("docs/active-directory.md", text) if text.starts_with("kinit ") => {
            // A domain controller on Windows has it from the beginning.
            dc.add_spn(&SambaDc::controller(), &format!("ldap/{HOST_NAME}"));
            sandbox.put("/etc/krb5.conf", &block(page, "ini", "[libdefaults]"));
            sandbox.must(&format!(
                "cat >> /etc/krb5.conf <<'INI'\n{}INI",
                block(page, "ini", "[realms]")
            ));
        }
        ("docs/active-directory.md", text) if text.starts_with("KRB5_TRACE=") => {
            sandbox.must("install -m 0600 adsync.keytab /etc/adsync/adsync.keytab");
            sandbox.put(SETTINGS, &block(page, "toml", "auth = \"kerberos\""));
        }
        _ => {}
    }
}

/// Puts what a page writes in capitals in the place of it.
pub(crate) fn fill_in(text: &str, sandbox: &Sandbox) -> String {
    let words = text.split(' ').map(|word| match word {
        "RUN" => {
            let query = "SELECT max(id) FROM runs WHERE modified + deleted > 0";
            sandbox
                .must(&format!("{SQLITE} '{query}'"))
                .trim()
                .to_owned()
        }
        "NAME" => "carol".to_owned(),
        "FOLDER" => "/var/lib/prometheus/node-exporter".to_owned(),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What is typed at a program.
pub(crate) fn input(command: &Command) -> String {
    if command.text.contains("/dev/stdin") {
        return format!("{SERVICE_PASSWORD}\n");
    }
    let answer = |line: &str| match line.strip_prefix("addent -password") {
        Some(_) => format!("{line}\n{SERVICE_PASSWORD}\n"),
        None => format!("{line}\n"),
    };
    command.typed.iter().map(|line| answer(line)).collect()
}

fn person(name: &str) -> User {
    let (first, last) = match name {
        "alice" => ("Alice", "Adams"),
        "bob" => ("Bob", "Brown"),
        _ => (name, "Chen"),
    };
    let mail = format!("{name}@corp.example.com");
    User::new(name)
        .given(first)
        .sn(last)
        .mail(&mail)
        .phone("+1 555 0101")
}

/// What README says happened: alice marries, bob leaves, carol gets the address of a local user.
fn change(sandbox: &Sandbox) {
    let dc = &sandbox.dc;
    dc.modify(&dc.dn_of("alice"), "sn", Some("Archer"));
    dc.rename_account("alice", "alice.archer");
    dc.delete(&dc.dn_of("bob"));
    dc.modify(
        &dc.dn_of("carol"),
        "mail",
        Some("Helpdesk@corp.example.com"),
    );
}

/// What the package brings and does, for an account without it.
fn install(sandbox: &Sandbox) {
    sandbox.must(
        "install -m 0644 contrib/systemd/adsync.sysusers /usr/lib/sysusers.d/adsync.conf && \
         systemd-sysusers adsync.conf && sh contrib/debian/postinst configure && \
         install -D -m 0644 config.example.toml /usr/share/doc/adsync/examples/config.example.toml && \
         install -m 0644 contrib/systemd/adsync.service contrib/systemd/adsync.timer /usr/lib/systemd/system",
    );
}

/// The settings of README, with a line more in `[directory]`, and the password.
fn set_up(sandbox: &Sandbox, more: &str) {
    write_settings(sandbox, more);
    sandbox.put(PASSWORD, SERVICE_PASSWORD);
    sandbox.must(&format!(
        "chown root:adsync {PASSWORD} && chmod 0640 {PASSWORD}"
    ));
}

fn write_settings(sandbox: &Sandbox, more: &str) {
    let settings = block(&Page::read("README.md"), "toml", "url = ");
    let settings = settings.replacen("[directory]", &format!("[directory]\n{more}"), 1);
    sandbox.put(SETTINGS, &settings);
}

/// Run 42 deletes alice and changes bob.
fn come_to_run_42(sandbox: &Sandbox) {
    let dc = &sandbox.dc;
    let last = format!("{SQLITE} 'SELECT max(id) FROM runs'");
    sandbox.must(&format!(
        "while [ \"$({last})\" -lt 41 ]; do ({ADSYNC} sync -q) || exit; done"
    ));
    dc.delete(&dc.dn_of("alice"));
    dc.modify(&dc.dn_of("bob"), "sn", Some("Baker"));
    sandbox.must(&format!("{ADSYNC} sync"));
    assert_eq!(sandbox.must(&last).trim(), "42");
    keep_store(sandbox, 42);
}

/// Keeps the store as it is after a run, for [`have_store`].
fn keep_store(sandbox: &Sandbox, run: u32) {
    sandbox.must(&format!("cp -a /var/lib/adsync /var/lib/after-{run}"));
}

fn have_store(sandbox: &Sandbox, run: u32) {
    sandbox.must(&format!(
        "rm -r /var/lib/adsync && cp -a /var/lib/after-{run} /var/lib/adsync"
    ));
}

/// The block of a page with this tag that has these words.
fn block(page: &Page, tag: &str, words: &str) -> String {
    let mut found = page
        .others
        .iter()
        .filter(|(own, text)| own == tag && text.contains(words));
    found
        .next()
        .unwrap_or_else(|| panic!("{}: no {tag} with {words}", page.name))
        .1
        .clone()
}
