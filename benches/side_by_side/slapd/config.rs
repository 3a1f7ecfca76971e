//! `slapd.conf`: one database of users with AD's attribute names, without any limit on answers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::users::DOMAIN_DN;

/// AD's names and syntaxes.
pub const SCHEMA: &str = include_str!("ad.schema");

/// Where Debian's package has slapd's modules.
const MODULES: &str = "/usr/lib/ldap";

/// Room for far more than a million users; what is not used takes no space.
const DATABASE_SIZE: u64 = 32 << 30;

/// Who may change the directory.
pub struct Administrator;

impl Administrator {
    pub const DN: &str = "CN=admin,DC=corp,DC=example,DC=com";
    pub const PASSWORD: &str = "password-of-the-admin";
}

/// Writes the configuration of a server whose files are in `folder`, and returns its path.
pub fn write(folder: &Path) -> Result<PathBuf> {
    let schema = folder.join("ad.schema");
    let config = folder.join("slapd.conf");
    fs::write(&schema, SCHEMA)
        .and_then(|()| fs::write(&config, text(folder, &schema)))
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    Ok(config)
}

/// The file, with everything that changes what a search costs.
pub fn text(folder: &Path, schema: &Path) -> String {
    let (folder, schema) = (folder.display(), schema.display());
    let (dn, password) = (Administrator::DN, Administrator::PASSWORD);
    format!(
        "include \"{schema}\"\n\
         modulepath {MODULES}\n\
         moduleload back_mdb\n\
         loglevel 0\n\
         tool-threads 2\n\
         \n\
         database mdb\n\
         suffix \"{DOMAIN_DN}\"\n\
         directory \"{folder}\"\n\
         maxsize {DATABASE_SIZE}\n\
         # The directory is thrown away: no need to wait for the disk.\n\
         dbnosync\n\
         rootdn \"{dn}\"\n\
         rootpw {password}\n\
         sizelimit unlimited\n\
         timelimit unlimited\n\
         index objectClass,objectCategory eq\n\
         index objectGUID,sAMAccountName,mail,userPrincipalName eq\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by users read\n"
    )
}
