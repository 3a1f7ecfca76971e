//! A server that speaks TLS and nothing in it, openssl's: for certificates and ciphers that no domain
//! controller of the tests can be made to show.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::process;
use super::samba::{Cert, certificate_files};

/// A running server. It ends with this value, and with the test.
pub(crate) struct TlsServer {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl TlsServer {
    /// Starts one with that certificate; `options` are those of `openssl s_server`.
    pub(crate) fn start(certificate: Cert, options: &[&str]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("adsync-tls-")
            .tempdir()
            .expect("the temporary directory is writable");
        let (pem, key) = certificate_files(folder.path(), Ipv4Addr::LOCALHOST, certificate);
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("it has a port").port();
        drop(free);
        let server = spawn(port, &pem, &key, options);
        let server = Self {
            server,
            port,
            folder,
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "openssl does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `ldaps://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("ldaps://{}", self.address())
    }

    /// The CA that signed its certificate.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn spawn(port: u16, pem: &Path, key: &Path, options: &[&str]) -> Child {
    let missing = "`setpriv` and `openssl` are needed: apt-get install util-linux openssl";
    Command::new(process::find("setpriv").expect(missing))
        .args(["--pdeathsig", "KILL"])
        .arg(process::find("openssl").expect(missing))
        .args(["s_server", "-quiet"])
        .args(["-accept", &format!("127.0.0.1:{port}")])
        .arg("-cert")
        .arg(pem)
        .arg("-key")
        .arg(key)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server's program was found and can be started")
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
