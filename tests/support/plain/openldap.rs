//! `OpenLDAP`'s slapd with the schemas that directories of people use.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{ADMIN_PASSWORD, PlainServer, SUFFIX, folder, free_port, program, write};

const ADMIN: &str = "cn=admin,dc=corp,dc=example,dc=com";

/// Where Debian's package has slapd's modules, and its schemas.
const MODULES: &str = "/usr/lib/ldap";
const SCHEMAS: [&str; 5] = ["core", "cosine", "inetorgperson", "nis", "dyngroup"];

/// Room for far more people than a test has; what is not used takes no space.
const DATABASE_SIZE: u64 = 1 << 28;

impl PlainServer {
    /// A server where everybody who is logged in reads everything.
    pub(crate) fn openldap() -> Self {
        Self::openldap_with("")
    }

    /// A server with these rules of access (slapd.access(5)) before the one that lets everybody read.
    pub(crate) fn openldap_with(access: &str) -> Self {
        let folder = folder("adsync-slapd-");
        fs::create_dir(folder.path().join("db")).expect("a fresh folder is writable");
        let config = folder.path().join("slapd.conf");
        write(&config, &text(folder.path(), access));
        let port = free_port();
        let mut command = Command::new(program("slapd", "slapd"));
        command
            .args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}"), "-f"])
            .arg(&config);
        let server = Self::launch(&command, ADMIN, port, folder);
        server.fill();
        server
    }

    /// Starts it again with other rules of access, on the same port and with the same content.
    pub(crate) fn restrict(&mut self, access: &str) {
        let config = self.folder.path().join("slapd.conf");
        write(&config, &text(self.folder.path(), access));
        self.restart();
    }

    /// Starts it again with a schema that nobody may read.
    pub(crate) fn hide_schema(&mut self) {
        let config = self.folder.path().join("slapd.conf");
        let shown = text(self.folder.path(), "");
        let hidden = "access to dn.base=\"cn=Subschema\" by * none\ndatabase mdb";
        write(&config, &shown.replace("database mdb", hidden));
        self.restart();
    }
}

fn text(folder: &Path, access: &str) -> String {
    let folder = folder.display();
    let schemas = SCHEMAS.map(|name| format!("include /etc/ldap/schema/{name}.schema\n"));
    format!(
        "{}\
         modulepath {MODULES}\n\
         moduleload back_mdb\n\
         loglevel 0\n\
         database mdb\n\
         suffix \"{SUFFIX}\"\n\
         directory \"{folder}/db\"\n\
         maxsize {DATABASE_SIZE}\n\
         # The directory is thrown away: no need to wait for the disk.\n\
         dbnosync\n\
         rootdn \"{ADMIN}\"\n\
         rootpw {ADMIN_PASSWORD}\n\
         sizelimit unlimited\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         {access}\n\
         access to * by users read\n",
        schemas.concat()
    )
}
