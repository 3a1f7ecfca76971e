//! Owns domain controllers that come back with another past: reverted to an older
//! copy of their files, restored from a backup, or running twice.

use std::fs;

use tempfile::TempDir;

use super::ldif::Record;
use super::provision::copy_folder;
use super::{SambaDc, Search};

/// A domain controller's files as they were at one moment.
pub(crate) struct Snapshot(TempDir);

impl SambaDc {
    /// Copies the files. The server is down for a moment.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        self.stop();
        let copy = temporary("adsync-copy-");
        copy_folder(self.directory.path(), copy.path()).expect("the domain can be copied");
        self.restart();
        Snapshot(copy)
    }

    /// Starts the server again on files of an earlier moment, as a virtual machine
    /// is reverted: it does not know that it has been further.
    pub(crate) fn revert_to(&mut self, snapshot: &Snapshot) {
        self.stop();
        let folder = self.directory.path();
        fs::remove_dir_all(folder)
            .and_then(|()| fs::create_dir(folder))
            .and_then(|()| copy_folder(snapshot.0.path(), folder))
            .expect("the domain can be copied back");
        self.restart();
    }

    /// Another domain controller with the same content, at an address of its own.
    /// It has the same name and invocation ID until it is given others.
    pub(crate) fn duplicate(&mut self) -> Self {
        let Snapshot(directory) = self.snapshot();
        Self::builder().start_in(directory)
    }

    /// Gives the database a new invocation ID, as a domain controller does that is
    /// restored from a backup (MS-ADTS 3.1.1.1.9).
    pub(crate) fn renew_invocation_id(&mut self) {
        let settings = self.service_dn();
        let old = self.invocation_id();
        self.stop();
        let mut new = old.clone();
        new.reverse();
        let change = Record::modify(&settings).replace("invocationId", &new);
        self.run_ldb(
            "ldbmodify",
            |tool| {
                // `relax`: it is the system's own attribute.
                tool.arg("--controls=relax:0");
            },
            &change.to_string(),
        );
        self.restart();
        assert_eq!(self.invocation_id(), new, "the new invocation ID");
    }

    /// Gives the controller another name in the directory, and thereby another
    /// `dsServiceName`.
    pub(crate) fn rename_controller(&self, name: &str) {
        let settings = self.service_dn();
        let (_, server) = settings.split_once(',').expect("it lies in its server");
        self.rename_cn(server, name);
    }

    /// `dsServiceName` of the rootDSE: the DN of the NTDS Settings object.
    pub(crate) fn service_dn(&self) -> String {
        let root = Search::entry("").attributes(&["dsServiceName"]);
        let service = self.search(&root)[0].text("dsServiceName");
        service.expect("a domain controller says its name")
    }

    fn invocation_id(&self) -> Vec<u8> {
        let settings = self.entry(&self.service_dn()).expect("its own settings");
        let id = settings.bytes("invocationId").expect("it has one");
        id.to_vec()
    }
}

fn temporary(prefix: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir()
        .expect("the temporary directory is writable")
}
