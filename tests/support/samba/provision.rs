//! Owns the recipe of the test domain. The domain is made once for a target
//! directory (a few seconds) and kept there as a folder; each server gets a copy
//! of that folder. Only `smb.conf` holds absolute paths, and it is written anew
//! for each copy.
//!
//! Whatever changes here gives the folder a new name, so that a changed recipe
//! is never tested against an old domain.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::certificates::{CA_FILE, CERTIFICATE_FILE, KEY_FILE};
use super::ldif::{Record, password_value};
use super::{ADMIN_PASSWORD, Domain, SERVICE_ACCOUNT, SERVICE_PASSWORD, SambaDc};
use crate::support::process;

/// Far above the few seconds it takes, for a machine that is busy.
const PROVISION_LIMIT: Duration = Duration::from_mins(5);

const PROVISION_SCRIPT: &str = include_str!("provision.py");

/// The folders that Samba would otherwise look for in the system.
const FOLDERS: [&str; 9] = [
    "private",
    "state",
    "cache",
    "lock",
    "pid",
    "ncalrpc",
    "ntp_signd",
    "winbindd",
    "sysvol",
];

/// Copies the provisioned domain, with this many users more, into a fresh
/// temporary directory.
pub(super) fn unpack(domain: &'static Domain, users: usize) -> TempDir {
    let name = domain.archive;
    let archive = match users {
        0 => archive(domain, name, "", |folder| provision(domain, folder)),
        // Adding thousands takes many seconds, so that too is done only once.
        n => archive(
            domain,
            &format!("{name}-{n}-users"),
            include_str!("people.rs"),
            |folder| {
                let mut dc = SambaDc::builder().domain(domain).start();
                dc.add_users(n);
                dc.stop();
                copy_folder(dc.directory.path(), folder).expect("the target directory is writable");
            },
        ),
    };
    let directory = tempfile::Builder::new()
        // Short: unix sockets are made below it, whose paths end at 107 bytes.
        .prefix("adsync-dc-")
        .tempdir()
        .expect("the temporary directory is writable");
    copy_folder(&archive, directory.path()).unwrap_or_else(|error| {
        panic!(
            "failed to copy the test domain from {}: {error}",
            archive.display()
        )
    });
    directory
}

/// Writes the `smb.conf` of the domain in `directory` and returns its path.
pub(super) fn write_config(
    directory: &Path,
    domain: &Domain,
    ip: Ipv4Addr,
    services: &str,
    more: &str,
) -> PathBuf {
    let root = directory.display();
    let Domain { dns, netbios, .. } = domain;
    let realm = dns.to_uppercase();
    let text = format!(
        "[global]\n\
         netbios name = DC1\n\
         workgroup = {netbios}\n\
         realm = {realm}\n\
         server role = active directory domain controller\n\
         server services = {services}\n\
         interfaces = {ip}/8\n\
         bind interfaces only = yes\n\
         private dir = {root}/private\n\
         state directory = {root}/state\n\
         cache directory = {root}/cache\n\
         lock directory = {root}/lock\n\
         pid directory = {root}/pid\n\
         ncalrpc dir = {root}/ncalrpc\n\
         binddns dir = {root}/state\n\
         usershare path = {root}/state\n\
         ntp signd socket directory = {root}/ntp_signd\n\
         winbindd socket directory = {root}/winbindd\n\
         tls enabled = yes\n\
         tls certfile = {root}/{CERTIFICATE_FILE}\n\
         tls keyfile = {root}/{KEY_FILE}\n\
         tls cafile = {root}/{CA_FILE}\n\
         # The domain is thrown away: no need to wait for the disk.\n\
         ldb:nosync = true\n\
         {more}\n\
         [sysvol]\n\
         path = {root}/sysvol\n\
         read only = no\n\
         \n\
         [netlogon]\n\
         path = {root}/sysvol/{dns}/scripts\n\
         read only = no\n"
    );
    let file = config_file(directory);
    fs::write(&file, text).expect("the server's folder is writable");
    file
}

pub(super) fn config_file(directory: &Path) -> PathBuf {
    directory.join("smb.conf")
}

/// Finds one of the programs the harness needs, or fails the test with what to
/// install. A skipped test would look like a passed one.
pub(super) fn program(name: &str) -> PathBuf {
    process::find(name).unwrap_or_else(|| {
        panic!(
            "`{name}` is not installed, and the end-to-end tests need it. \
             `./scripts/test.sh` installs what is missing and runs the tests; by hand:\n\
             apt-get install --no-install-recommends samba samba-ad-provision \
             samba-dsdb-modules samba-vfs-modules ldb-tools ldap-utils libsasl2-modules openssl"
        )
    })
}

/// The folder of this name in the target directory; made now if need be.
fn archive(domain: &Domain, name: &str, more_recipe: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).expect("the target directory is writable");
    let stamp = stamp(domain, more_recipe);
    let archive = folder.join(format!("samba-{name}-{stamp:016x}"));
    // Another test process may be making it at this moment: wait for it.
    let lock = File::create(folder.join(format!("samba-{name}.lock")))
        .expect("the target directory is writable");
    lock.lock().expect("the file system has locks");
    if !archive.is_dir() {
        let unfinished = tempfile::Builder::new()
            .prefix("samba-unfinished-")
            .tempdir_in(folder)
            .expect("the target directory is writable");
        make(unfinished.path());
        fs::rename(unfinished.path(), &archive).expect("a folder can be renamed in its parent");
    }
    archive
}

/// Changes with the recipe and with the installed Samba.
fn stamp(domain: &Domain, more_recipe: &str) -> u64 {
    let server = fs::metadata(program("samba")).expect("the program was just found");
    let mut hasher = DefaultHasher::new();
    include_str!("provision.rs").hash(&mut hasher);
    (PROVISION_SCRIPT, more_recipe).hash(&mut hasher);
    (domain, ADMIN_PASSWORD, SERVICE_PASSWORD).hash(&mut hasher);
    (server.size(), server.mtime()).hash(&mut hasher);
    hasher.finish()
}

fn provision(domain: &Domain, directory: &Path) {
    for folder in FOLDERS {
        fs::create_dir(directory.join(folder)).expect("the target directory is writable");
    }
    let config = write_config(directory, domain, Ipv4Addr::LOCALHOST, "ldap", "");
    check(
        // Not the first python3 in PATH, which may be one without Samba's modules.
        Command::new("/usr/bin/python3")
            .args(["-c", PROVISION_SCRIPT])
            .arg(&config)
            .args([&domain.dns.to_uppercase(), domain.netbios, "dc1"]),
        ADMIN_PASSWORD.as_bytes(),
    );
    check(
        Command::new(program("ldbmodify"))
            .arg(format!("--configfile={}", config.display()))
            .arg("-H")
            .arg(directory.join("private/sam.ldb")),
        base_content(domain).as_bytes(),
    );
    // Files for Windows clients, and settings that each copy gets anew.
    fs::remove_dir_all(directory.join("sysvol"))
        .and_then(|()| fs::create_dir(directory.join("sysvol")))
        .and_then(|()| fs::remove_file(config))
        .expect("what was just made can be removed");
}

/// What every test finds in the directory, as LDIF change records.
fn base_content(domain: &Domain) -> String {
    // Nothing expires and nothing locks: a test that wants it sets it.
    let never = i64::MIN.to_string();
    let policy = Record::modify(domain.base_dn)
        .replace("pwdProperties", "0")
        .replace("minPwdLength", "0")
        .replace("minPwdAge", "0")
        .replace("maxPwdAge", &never)
        .replace("pwdHistoryLength", "0")
        .replace("lockoutThreshold", "0");
    let staff = Record::add(domain.staff_dn).value("objectClass", "organizationalUnit");
    let service = Record::add(domain.service_dn)
        .value("objectClass", "user")
        .value("sAMAccountName", SERVICE_ACCOUNT)
        .value("userPrincipalName", domain.service_upn)
        .value("userAccountControl", "512")
        .value("unicodePwd", password_value(SERVICE_PASSWORD));
    format!("{policy}{staff}{service}")
}

fn check(command: &mut Command, input: &[u8]) {
    let finished = process::run(command, input, PROVISION_LIMIT);
    assert!(
        finished.status.success(),
        "failed to provision the test domain: {} ended with {}{}\n{}{}",
        command.get_program().display(),
        finished.status,
        if finished.timed_out {
            " (time limit)"
        } else {
            ""
        },
        String::from_utf8_lossy(&finished.stdout),
        String::from_utf8_lossy(&finished.stderr)
    );
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy_folder(&entry.path(), &target)?;
            // Samba checks the modes of its private folders.
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
        } else if entry.file_type()?.is_file() {
            // And not the sockets that a server leaves behind.
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
