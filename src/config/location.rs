//! The default places of the settings and the store.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::error::Failure;

/// The environment variable that names the settings file.
pub const CONFIG_VARIABLE: &str = "ADSYNC_CONFIG";

/// The settings file: `--config`, `$ADSYNC_CONFIG`, `./adsync.toml`,
/// `$XDG_CONFIG_HOME/adsync/config.toml`, `/etc/adsync/config.toml`.
pub fn find(explicit: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = explicit {
        return Ok(path.to_owned());
    }
    if let Some(path) = std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let mut places = vec![PathBuf::from("adsync.toml")];
    if let Ok(base) = etcetera::choose_base_strategy() {
        places.push(base.config_dir().join("adsync").join("config.toml"));
    }
    places.push(PathBuf::from("/etc/adsync/config.toml"));
    match places.iter().find(|place| place.exists()) {
        Some(place) => Ok(place.clone()),
        None => Err(Failure::settings("no settings file found").hint(format!(
            "say --config FILE, set {CONFIG_VARIABLE}, or make one of {}",
            places
                .iter()
                .map(|place| place.display().to_string())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// The store when the settings name none: `$XDG_DATA_HOME/adsync/users.db`.
pub fn default_store_path() -> Result<PathBuf, Failure> {
    match etcetera::choose_base_strategy() {
        Ok(base) => Ok(base.data_dir().join("adsync").join("users.db")),
        Err(_) => {
            Err(Failure::settings("no home directory for the store").hint("set path under [store]"))
        }
    }
}
