//! `OpenLDAP`'s command-line tools: `ldapsearch`, which everything is compared with, and `ldapmodify`,
//! which changes a directory between two measurements.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::endpoint::{Endpoint, FILTER};
use crate::process;

/// As adsync asks by default.
const PAGE_SIZE: u32 = 1000;

/// Debian's package.
const PACKAGE: &str = "ldap-utils";

/// Reads all users, page by page, as adsync does.
pub fn ldapsearch(endpoint: &Endpoint, attributes: &[String]) -> Result<Command> {
    let mut tool = tool("ldapsearch", endpoint)?;
    tool.args(["-LLL", "-o", "ldif-wrap=no"])
        .args(["-b", &endpoint.base_dn, "-s", "sub"])
        .args(["-E", &format!("pr={PAGE_SIZE}/noprompt"), FILTER])
        .args(attributes);
    Ok(tool)
}

/// Applies LDIF change records.
pub fn ldapmodify(endpoint: &Endpoint, records: impl Iterator<Item = String>) -> Result<()> {
    let mut input = tempfile::tempfile()?;
    write_all(&input, records)?;
    std::io::Seek::rewind(&mut input)?;
    let done = tool("ldapmodify", endpoint)?
        .stdin(input)
        .stdout(Stdio::null())
        .output()
        .context("failed to start ldapmodify")?;
    if !done.status.success() {
        bail!("ldapmodify: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}

fn write_all(file: &File, mut records: impl Iterator<Item = String>) -> Result<()> {
    let mut out = BufWriter::new(file);
    records.try_for_each(|record| out.write_all(record.as_bytes()))?;
    Ok(out.flush()?)
}

fn tool(name: &str, endpoint: &Endpoint) -> Result<Command> {
    let mut tool = Command::new(process::find(name, PACKAGE)?);
    tool.args(["-x", "-H", &endpoint.url])
        .args(["-D", &endpoint.bind_name, "-w", &endpoint.password])
        // The settings of the machine it runs on play no part.
        .env("LDAPCONF", "/dev/null")
        .env_remove("LDAPRC");
    if let Some(ca_file) = &endpoint.ca_file {
        tool.env("LDAPTLS_CACERT", ca_file);
    }
    Ok(tool)
}
