//! Checks that no file has two uses: adsync reads some of the files that settings name and writes others.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::error::Failure;
use crate::store::Location;
use crate::util::files;

/// A file and its use.
type Named = (&'static str, PathBuf);

impl Settings {
    /// Refuses settings that name one file twice. `store` holds the names of the store and its companion files.
    pub fn require_apart(&self, store: &[PathBuf]) -> Result<(), Failure> {
        let mut seen = Vec::new();
        let mut folders = Folders::default();
        for (what, path) in self.files(store) {
            let place = folders.place(&path);
            if let Some((other, _)) = seen.iter().find(|(_, it)| place.is(it)) {
                let wrong = format!("{what} is {}, which is {other} as well", path.display());
                return Err(Failure::in_settings(&self.file, wrong)
                    .hint(format!("give {what} another name")));
            }
            seen.push((what, place));
        }
        Ok(())
    }

    /// The use of a file in the settings, or beside the store.
    pub fn use_of(&self, path: &Path, store: &[PathBuf]) -> Option<&'static str> {
        let mut folders = Folders::default();
        let place = folders.place(path);
        let mut files = self.files(store).into_iter();
        files.find_map(|(what, it)| folders.place(&it).is(&place).then_some(what))
    }

    fn files(&self, store: &[PathBuf]) -> Vec<Named> {
        let login = &self.login;
        let password = login.password().and_then(|(_, it)| it.file.clone());
        let server_ca = match &self.store {
            Location::File(_) => None,
            Location::Server(server) => server.ca_file.clone(),
        };
        // One CA may have signed both certificates.
        let server_ca = server_ca.filter(|it| Some(it) != self.directory.ca_file.as_ref());
        let read = [
            ("ca_file", self.directory.ca_file.clone()),
            ("ca_file under [store]", server_ca),
            ("password_file", password),
            (
                "password_file under [store]",
                self.store_password.file.clone(),
            ),
            ("keytab", login.keytab().map(Path::to_owned)),
            ("metrics_file", self.sync.metrics_file.clone()),
        ];
        let read = read.into_iter().filter_map(|(what, it)| Some((what, it?)));
        let store = store.iter().map(|it| ("a file of the store", it.clone()));
        std::iter::once(("the settings file", self.file.clone()))
            .chain(store)
            .chain(read)
            .collect()
    }
}

/// Where a file is, by whatever name.
struct Place {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Place {
    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.file.is_some() && self.file == other.file)
    }
}

/// How many links may lead to a file: as many as the system follows (`path_resolution(7)`).
const LINKS: usize = 40;

/// Folders, by the names that lead to them: most of the files lie in one, beside the store.
#[derive(Default)]
struct Folders(HashMap<PathBuf, PathBuf>);

impl Folders {
    fn place(&mut self, path: &Path) -> Place {
        let path = self.resolved(path);
        let file = files::identity(&path);
        Place { path, file }
    }

    /// The whole path of a file without a link in it, also if the file is not there yet.
    fn resolved(&mut self, path: &Path) -> PathBuf {
        let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        for _ in 0..LINKS {
            let named = path.parent().unwrap_or(Path::new("/"));
            let folder = self.0.entry(named.to_owned()).or_insert_with(|| {
                std::fs::canonicalize(named).unwrap_or_else(|_| named.to_owned())
            });
            let name = path.file_name().unwrap_or_default();
            path = match std::fs::read_link(&path) {
                Ok(target) => folder.join(target),
                Err(_) => return folder.join(name),
            };
        }
        path
    }
}
