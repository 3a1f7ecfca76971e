//! adsync as it is installed somewhere: a settings file for an endpoint, a store, a home.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::endpoint::{Endpoint, FILTER};
use crate::folder;
use crate::report;
use crate::support::adsync::{Sandbox, Settings};

/// Where adsync runs.
pub struct Site {
    sandbox: Sandbox,
    store: TempDir,
}

impl Site {
    /// For a directory; there is no store yet.
    pub fn new(endpoint: &Endpoint) -> Result<Self> {
        let site = Self {
            sandbox: Sandbox::new(&Settings::for_url(&endpoint.url)),
            store: folder::temporary("store-")?,
        };
        site.sandbox.write_config(&site.settings(endpoint));
        Ok(site)
    }

    /// adsync with these arguments.
    pub fn adsync(&self, arguments: &[&str]) -> Command {
        self.sandbox.prepare(arguments).into_command()
    }

    /// Runs adsync with these arguments, which must succeed, and returns its log.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let done = self.adsync(arguments).output()?;
        let log = String::from_utf8_lossy(&done.stderr).into_owned();
        if !done.status.success() {
            bail!(
                "adsync {} ended with {}\n{log}",
                arguments.join(" "),
                done.status
            );
        }
        Ok(log)
    }

    /// The attributes that adsync asks this directory for: those that a fair comparison asks for.
    pub fn requested_attributes(&self) -> Result<Vec<String>> {
        // Nobody is found, which is quick, and nothing is made.
        let nobody = "(sAMAccountName=nobody at all)";
        let log = self.run(&["import", "--filter", nobody, "--dry-run", "-vv"])?;
        let attributes = report::searches(&log)
            .filter(|search| search.contains(FILTER))
            .find_map(|search| search.rsplit_once("' "))
            .context("adsync's log does not show its search for users")?
            .1;
        Ok(attributes.split(' ').map(str::to_owned).collect())
    }

    /// Takes the store away.
    pub fn remove_store(&self) -> Result<()> {
        for file in fs::read_dir(self.store.path())? {
            fs::remove_file(file?.path())?;
        }
        Ok(())
    }

    /// The settings file.
    pub fn config_file(&self) -> PathBuf {
        self.sandbox.config_file()
    }

    fn settings(&self, endpoint: &Endpoint) -> String {
        let ca_file = endpoint.ca_file.as_ref().map_or(String::new(), |file| {
            format!("ca_file = {:?}\n", file.display().to_string())
        });
        format!(
            "[directory]\nurl = {:?}\nbase_dn = {:?}\nusername = {:?}\npassword = {:?}\n{ca_file}\n\
             [store]\npath = {:?}\n",
            endpoint.url,
            endpoint.base_dn,
            endpoint.bind_name,
            endpoint.password,
            self.store.path().join("users.db").display().to_string(),
        )
    }
}
