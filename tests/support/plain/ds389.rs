//! 389 Directory Server. `dscreate` sets up a machine; here the server's own template is filled in, so
//! that everything lies in one folder, no account is made, and a start takes a second.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ADMIN_PASSWORD, PlainServer, SUFFIX, folder, free_port, program, write};

const ADMIN: &str = "cn=Directory Manager";

/// What Debian's package brings. What it has below `/etc/dirsrv` only root and the server's own account may
/// read; of that nothing is needed but an empty file of each name.
const TEMPLATES: &str = "/usr/share/dirsrv/data";
const COLLATIONS: &str = "slapd-collations.conf";
const USER_SCHEMA: (&str, &str) = ("schema/99user.ldif", "dn: cn=schema\n");

/// What gives entries an `entryUUID`. The server adds it to its settings by itself, but heeds it from the
/// second start on only.
const ENTRY_UUID: [(&str, &str, &str); 2] = [
    ("entryuuid_syntax", "entryuuid_syntax_plugin_init", "syntax"),
    ("entryuuid", "entryuuid_plugin_init", "betxnpreoperation"),
];

/// Everybody who is logged in reads everything but passwords.
const READABLE: &str = r#"(targetattr != "userPassword")(version 3.0; acl "read"; allow (read, search, compare) userdn = "ldap:///all";)"#;

impl PlainServer {
    /// A server where everybody who is logged in reads everything.
    pub(crate) fn ds389() -> Self {
        let folder = folder("adsync-389-");
        let port = free_port();
        let config = set_up(folder.path(), port);
        let mut command = Command::new(program("ns-slapd", "389-ds-base"));
        command
            .arg("-D")
            .arg(&config)
            .arg("-i")
            .arg(folder.path().join("run/pid"))
            // In the foreground.
            .args(["-d", "0"]);
        let server = Self::launch(&command, ADMIN, port, folder);
        server.fill();
        server.add_rule(SUFFIX, READABLE);
        server
    }

    /// Adds an access control instruction to an entry: for it, and everything below it.
    pub(crate) fn add_rule(&self, dn: &str, rule: &str) {
        let change = super::Record::modify(dn).add_value("aci", rule);
        self.apply(&change.to_string());
    }
}

/// What a server leaves in memory that is shared: a semaphore, which is called as its settings' folder is.
pub(super) fn semaphore(folder: &Path) -> PathBuf {
    let name = config(folder);
    let name = name.file_name().unwrap_or_default().display();
    PathBuf::from(format!("/dev/shm/sem.{name}.stats"))
}

/// The folder of the settings: its name is no other server's, for all that run share their names for semaphores.
fn config(folder: &Path) -> PathBuf {
    folder.join(folder.file_name().unwrap_or_default())
}

/// Writes the settings, and returns their folder.
fn set_up(folder: &Path, port: u16) -> PathBuf {
    let config = config(folder);
    for name in [
        "lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "db",
    ] {
        fs::create_dir_all(folder.join(name)).expect("a fresh folder is writable");
    }
    fs::create_dir_all(config.join("schema")).expect("a fresh folder is writable");
    write(&config.join(COLLATIONS), "");
    write(&config.join(USER_SCHEMA.0), USER_SCHEMA.1);
    let server = filled_in("template-dse.ldif", folder, port).replace(
        "nsslapd-localhost:",
        // In clear, so that a start needs no hashing.
        "nsslapd-listenhost: 127.0.0.1\nnsslapd-rootpwstoragescheme: CLEAR\nnsslapd-localhost:",
    );
    let database = filled_in("template-suffix-db.ldif", folder, port);
    // One empty line between entries, or the server does not start.
    let plugins = ENTRY_UUID.map(|(name, start, kind)| {
        let library = name.replace('_', "-");
        format!(
            "\n\ndn: cn={name},cn=plugins,cn=config\nobjectClass: top\nobjectClass: nsSlapdPlugin\n\
             cn: {name}\nnsslapd-pluginPath: lib{library}-plugin\nnsslapd-pluginInitfunc: {start}\n\
             nsslapd-pluginType: {kind}\nnsslapd-pluginEnabled: on\nnsslapd-pluginId: none\n\
             nsslapd-pluginVersion: none\nnsslapd-pluginVendor: none\nnsslapd-pluginDescription: none"
        )
    });
    let entries = format!(
        "{}{}\n\n{}\n",
        server.trim_end(),
        plugins.concat(),
        database.trim()
    );
    write(&config.join("dse.ldif"), &entries);
    config
}

/// A template of the package, with a value for each name in percent signs.
fn filled_in(template: &str, folder: &Path, port: u16) -> String {
    let path = format!("{TEMPLATES}/{template}");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| missing(&path, &error));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut text: String = lines.flat_map(|line| [line, "\n"]).collect();
    let below = |name: &str| folder.join(name).display().to_string();
    for (name, value) in [
        (
            "schema_dir",
            config(folder).join("schema").display().to_string(),
        ),
        ("config_dir", config(folder).display().to_string()),
        ("lock_dir", below("lock")),
        ("tmp_dir", below("tmp")),
        ("cert_dir", below("cert")),
        ("ldif_dir", below("ldif")),
        ("bak_dir", below("bak")),
        ("run_dir", below("run")),
        ("inst_dir", below("inst")),
        ("log_dir", below("log")),
        ("db_dir", below("db")),
        ("db_home_dir", below("db")),
        ("ldapi", below("run/ldapi")),
        ("ldapi_enabled", "off".to_owned()),
        ("ldapi_autobind", "off".to_owned()),
        ("db_lib", "bdb".to_owned()),
        ("fqdn", "localhost".to_owned()),
        ("ds_port", port.to_string()),
        (
            "ds_user",
            whoami::username().expect("an account has a name"),
        ),
        ("ds_suffix", SUFFIX.to_owned()),
        ("ds_bename", "userroot".to_owned()),
        ("rootdn", ADMIN.to_owned()),
        ("ds_passwd", format!("{{CLEAR}}{ADMIN_PASSWORD}")),
    ] {
        text = text.replace(&format!("%{name}%"), &value);
    }
    text
}

fn missing<T>(path: &str, error: &std::io::Error) -> T {
    panic!(
        "cannot read {path}: {error}; it is part of Debian's package: \
         ./scripts/install-test-deps.sh, or apt-get install --no-install-recommends 389-ds-base"
    )
}
