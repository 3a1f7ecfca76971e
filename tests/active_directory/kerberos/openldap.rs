//! Another server of the same realm, `OpenLDAP`'s slapd: it can be told not to encrypt, and to insist on
//! channel binding, which Samba before 4.21 cannot.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{assert_fails, run, settings, stage};
use crate::person;
use crate::support::process;
use crate::support::samba::SambaDc;

const ACCOUNT: &str = "openldap";
const PASSWORD: &str = "Passw0rd-of-the-other";
/// The certificate of the domain controller is for this name, too.
const SERVICE: &str = "ldap/localhost";

/// A running slapd. It ends with this value, and with the test.
struct Slapd {
    server: Child,
    plain: u16,
    tls: u16,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Slapd {
    fn start(dc: &SambaDc, folder: &Path, line: &str) -> Self {
        let account = person(ACCOUNT).password(PASSWORD);
        let account = account
            .attribute("servicePrincipalName", SERVICE)
            // Tickets in AES, as its keytab is.
            .attribute("msDS-SupportedEncryptionTypes", "24");
        let account = dc.add_user(&account);
        assert!(account.starts_with("CN="), "{account}");
        let keytab = folder.join("openldap.keytab");
        dc.service_keytab(&keytab, SERVICE, ACCOUNT, PASSWORD);
        let dc_folder = dc.ca_file();
        let dc_folder = dc_folder.parent().expect("a folder").display();
        let config = folder.join("slapd.conf");
        let text = format!(
            "include /etc/ldap/schema/core.schema\nsasl-host localhost\nsasl-realm CORP.EXAMPLE.COM\n\
             TLSCertificateFile {dc_folder}/dc.pem\nTLSCertificateKeyFile {dc_folder}/dc.key\n\
             {line}\naccess to * by * read\n"
        );
        fs::write(&config, text).expect("the folder is writable");
        let (plain, tls) = (free_port(), free_port());
        let log = fs::File::create(folder.join("slapd.log")).expect("the folder is writable");
        let missing = "`setpriv` and `slapd` are needed: apt-get install util-linux slapd";
        let server = Command::new(process::find("setpriv").expect(missing))
            .args(["--pdeathsig", "KILL"])
            .arg(process::find("slapd").expect(missing))
            .args(["-d", "256", "-h"])
            .arg(format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}"))
            .arg("-f")
            .arg(&config)
            .env("KRB5_CONFIG", dc.krb5_conf())
            .env("KRB5_KTNAME", &keytab)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server's program was found and can be started");
        let slapd = Self { server, plain, tls };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, tls)).is_err() {
            let log = || fs::read_to_string(folder.join("slapd.log")).unwrap_or_default();
            assert!(
                Instant::now() < deadline,
                "slapd does not listen\n{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        slapd
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it has a port").port()
}

#[test]
fn a_server_that_does_not_encrypt_is_refused() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    // It signs at most.
    let slapd = Slapd::start(&dc, sandbox.path(), "sasl-secprops maxssf=1");
    let url = format!("ldap://localhost:{}", slapd.plain);
    sandbox.configure(&settings(&dc, &url, "allow_plaintext = true"));
    let answer = run(&dc, &sandbox, &["search", "a", "--format", "json"]);
    let said = ["the server does not encrypt the connection", "use ldaps://"];
    assert_fails(answer, 5, "login", &said);
}

#[test]
fn a_server_that_insists_on_channel_binding_is_content() {
    let dc = SambaDc::start_with_kdc();
    let sandbox = stage(&dc);
    let slapd = Slapd::start(&dc, sandbox.path(), "sasl-cbinding tls-endpoint");
    for (url, more) in [
        (format!("ldaps://localhost:{}", slapd.tls), ""),
        (
            format!("ldap://localhost:{}", slapd.plain),
            "starttls = true",
        ),
        (format!("ldap://localhost:{}", slapd.plain), ""),
    ] {
        sandbox.configure(&settings(&dc, &url, more));
        let check = run(&dc, &sandbox, &["check"]);
        let said = format!("logged in to {url} as svc-adsync@CORP.EXAMPLE.COM");
        assert!(check.stdout.contains(&said), "{check}");
    }
}
