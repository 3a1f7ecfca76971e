//! Owns domain controllers that come back with another past: reverted to an older
//! copy of their files, restored from a backup, or running twice.

use std::fs;
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;

use super::ldif::Record;
use super::provision::copy_folder;
use super::{SambaDc, Search, certificates};

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
        Self::builder().domain(self.domain).start_in(directory)
    }

    /// A second domain controller of this domain, with its content of this moment and an invocation
    /// ID of its own. From now on it lags behind: nothing replicates but [`Self::catch_up_with`].
    pub(crate) fn second_controller(&mut self) -> Self {
        let mut second = self.duplicate();
        second.renew_invocation_id();
        second
    }

    /// Takes over the content of another controller of the domain, as replication does in the end.
    pub(crate) fn catch_up_with(&mut self, other: &mut Self) {
        let own = self.invocation_id();
        let certificate = certificates::FILES.map(|name| {
            let file = self.directory.path().join(name);
            (fs::read(&file).expect("an own file can be read"), file)
        });
        let now = other.snapshot();
        self.revert_to(&now);
        for (bytes, file) in certificate {
            fs::write(file, bytes).expect("the server's folder is writable");
        }
        // And starts it again, with them.
        self.set_invocation_id(&own);
    }

    /// Gives the database a new invocation ID, as a domain controller does that is
    /// restored from a backup (MS-ADTS 3.1.1.1.9).
    pub(crate) fn renew_invocation_id(&mut self) {
        static RENEWED: AtomicU8 = AtomicU8::new(1);
        let mut new = self.invocation_id();
        // Another one than any that was given before, by this test or another.
        new[0] = new[0].wrapping_add(RENEWED.fetch_add(1, Ordering::Relaxed));
        self.set_invocation_id(&new);
    }

    fn set_invocation_id(&mut self, new: &[u8]) {
        let settings = self.service_dn();
        self.stop();
        let change = Record::modify(&settings).replace("invocationId", new);
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
