//! Root and the store of another account.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use crate::stage::{Said, add, alone, is_root, through};
use crate::support::adsync::Sandbox;

/// Of the account `nobody`, and of those that a user namespace has no name for.
const NOBODY: u32 = 65534;

/// Runs adsync as root, against a store at this path that is not root's.
#[track_caller]
fn refused(said: &Said, typed: &str) {
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (1, ""),
        "{}",
        said.stderr
    );
    for fragment in [
        "belongs to nobody, and root would leave files there",
        &format!("hint: sudo -u nobody adsync {typed}\n"),
    ] {
        assert!(said.stderr.contains(fragment), "{}", said.stderr);
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it can be listed");
    let name = |it: std::io::Result<fs::DirEntry>| it.expect("an entry").file_name();
    let mut names: Vec<String> = entries
        .map(|it| name(it).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn root_does_not_write_to_it() {
    if !is_root() {
        // In a namespace of its own this account is root, and what is root's is not.
        return root_of_a_namespace();
    }
    let sandbox = alone();
    add(&sandbox, &["alice"]);
    fs::remove_file(sandbox.path().join("store/users.db.lock")).expect("it is there");
    chown(sandbox.store_path(), Some(NOBODY), None).expect("root may");
    let before = sandbox.store_bytes();
    let run = |arguments: &[&str]| through(&["env"], &sandbox, arguments);
    refused(
        &run(&["add", "bob", "--first-name", "O'Neil"]),
        r"add bob --first-name 'O'\''Neil'",
    );
    refused(&run(&["sync", "-q"]), "sync -q");
    refused(&run(&["remove", "alice"]), "remove alice");
    assert!(before == sandbox.store_bytes());
    assert_eq!(files(&sandbox.path().join("store")), ["users.db"]);
    // Whoever only looks may, and leaves nothing in the way of the owner.
    for arguments in [
        &["list"][..],
        &["history"],
        &["sync", "--users", "alice", "--dry-run"],
    ] {
        let said = run(arguments);
        assert!(!said.stderr.contains("belongs to"), "{}", said.stderr);
    }
    assert_eq!(run(&["list"]).code, 0);
    let check = run(&["check"]).stdout;
    for words in [
        "warn  store",
        "belongs to nobody",
        "sudo -u nobody adsync check",
    ] {
        assert!(check.contains(words), "{words}: {check}");
    }
    for name in files(&sandbox.path().join("store")) {
        let metadata = fs::metadata(sandbox.path().join("store").join(&name));
        assert_eq!(metadata.expect("it is there").uid(), NOBODY, "{name}");
    }
}

#[test]
fn root_makes_none_in_the_folder_of_another() {
    if !is_root() {
        return root_of_a_namespace();
    }
    let sandbox = alone();
    let folder = sandbox.path().join("store");
    chown(&folder, Some(NOBODY), None).expect("root may");
    refused(&through(&["env"], &sandbox, &["add", "bob"]), "add bob");
    // Nor a folder in a folder.
    set_path(&sandbox, &folder.join("deeper/users.db"));
    refused(&through(&["env"], &sandbox, &["add", "bob"]), "add bob");
    assert_eq!(files(&folder), Vec::<String>::new());
    // A store that is root's own stays root's.
    chown(&folder, Some(0), None).expect("root may");
    add(&sandbox, &["bob"]);
}

fn root_of_a_namespace() {
    let sandbox = alone();
    set_path(&sandbox, Path::new("/usr/adsync/users.db"));
    let wrapper = ["unshare", "--user", "--map-root-user"];
    refused(&through(&wrapper, &sandbox, &["add", "bob"]), "add bob");
}

fn set_path(sandbox: &Sandbox, path: &Path) {
    sandbox.write_config(&format!(
        "[directory]\nurl = \"{}\"\nusername = \"svc\"\n[store]\npath = \"{}\"\n",
        crate::stage::NO_SERVER,
        path.display()
    ));
}
