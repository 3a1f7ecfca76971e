//! Paths in the settings: `~` is the home folder, and relative ones start at the folder of the settings.

use std::path::{Path, PathBuf};

use etcetera::home_dir;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A path that may be relative to the folder of the settings file. A job has its own working directory, so
/// that one means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsPath(PathBuf);

impl SettingsPath {
    /// The whole path, for settings in this folder.
    pub fn within(self, folder: &Path) -> PathBuf {
        folder.join(self.0)
    }
}

impl<'de> Deserialize<'de> for SettingsPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let home = home_dir().ok();
        expanded(&text, home.as_deref())
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// The path with the home folder of this account in the place of `~`.
fn expanded(text: &str, home: Option<&Path>) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err("the path is empty".to_owned());
    }
    let Some(rest) = text.strip_prefix('~') else {
        return Ok(PathBuf::from(text));
    };
    if !rest.is_empty() && !rest.starts_with('/') {
        let name = text.split('/').next().unwrap_or(text);
        return Err(format!(
            "{name} would be the home folder of another account, or a file of that name; write the whole path, or \"./{text}\""
        ));
    }
    // The rest is relative to it, however many slashes it begins with.
    let rest = rest.trim_start_matches('/');
    match home.filter(|home| home.is_absolute()) {
        Some(home) if rest.is_empty() => Ok(home.to_owned()),
        Some(home) => Ok(home.join(rest)),
        None => {
            Err("~ is the home folder, and this account has none; write the whole path".to_owned())
        }
    }
}

/// The folder of a settings file, as a whole path.
pub fn folder_of(file: &Path) -> PathBuf {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    file.parent().map(Path::to_owned).unwrap_or_default()
}

/// A program as the settings name it: a path, or a name that is looked for in `PATH`.
pub fn program(text: &str, folder: &Path) -> Result<String, String> {
    if !text.contains('/') {
        return Ok(text.to_owned());
    }
    let path = SettingsPath(expanded(text, home_dir().ok().as_deref())?).within(folder);
    path.into_os_string()
        .into_string()
        .map_err(|path| format!("{} is not valid UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Result<String, String> {
        let path = expanded(text, Some(Path::new("/home/svc")))?;
        let path = SettingsPath(path).within(Path::new("/etc/adsync"));
        Ok(path.display().to_string())
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_the_rest_lies_beside_the_settings() {
        for (written, meant) in [
            ("/var/lib/adsync/users.db", "/var/lib/adsync/users.db"),
            ("users.db", "/etc/adsync/users.db"),
            ("store/users.db", "/etc/adsync/store/users.db"),
            ("~", "/home/svc"),
            ("~/users.db", "/home/svc/users.db"),
            ("~//users.db", "/home/svc/users.db"),
            ("./~/users.db", "/etc/adsync/./~/users.db"),
            ("a~/users.db", "/etc/adsync/a~/users.db"),
        ] {
            assert_eq!(whole(written).as_deref(), Ok(meant), "{written}");
        }
    }

    #[test]
    fn the_home_folder_of_another_account_is_refused() {
        for (written, name) in [("~bob/users.db", "~bob"), ("~bob", "~bob"), ("~+/a", "~+")] {
            let why = whole(written).expect_err("refused");
            assert!(why.starts_with(&format!("{name} would be")), "{why}");
        }
        assert!(whole("").is_err());
    }

    #[test]
    fn without_a_home_folder_there_is_no_tilde() {
        for home in [None, Some(Path::new("")), Some(Path::new("home"))] {
            assert!(expanded("~/users.db", home).is_err());
            assert_eq!(expanded("users.db", home), Ok(PathBuf::from("users.db")));
        }
    }

    #[test]
    fn the_folder_of_the_settings_is_a_whole_path() {
        assert_eq!(folder_of(Path::new("/etc/a.toml")), Path::new("/etc"));
        let here = std::env::current_dir().expect("it is there");
        assert_eq!(folder_of(Path::new("a.toml")), here);
        assert_eq!(folder_of(Path::new("conf/a.toml")), here.join("conf"));
    }

    #[test]
    fn a_program_without_a_slash_is_looked_for_in_the_path() {
        let program = |text| program(text, Path::new("/etc/adsync"));
        assert_eq!(program("pass"), Ok("pass".to_owned()));
        assert_eq!(program("./print"), Ok("/etc/adsync/./print".to_owned()));
        assert_eq!(program("/bin/cat"), Ok("/bin/cat".to_owned()));
        assert!(program("~bob/print").is_err());
    }
}
