//! Owns the test CA and the server's certificate. Samba's own certificate has
//! no subjectAltName, which rustls refuses, so each server gets one from here.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::HOST_NAME;
use crate::support::process;

/// Far above the second that two keys take.
const OPENSSL_LIMIT: Duration = Duration::from_mins(1);

pub(crate) const CA_FILE: &str = "ca.pem";
pub(crate) const OTHER_CA_FILE: &str = "other-ca.pem";
pub(super) const CERTIFICATE_FILE: &str = "dc.pem";
pub(super) const KEY_FILE: &str = "dc.key";
/// All that belongs to one server and not to its domain.
pub(super) const FILES: [&str; 4] = [CA_FILE, OTHER_CA_FILE, CERTIFICATE_FILE, KEY_FILE];

/// The certificate that a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cert {
    /// For the server's address, `dc1.corp.example.com` and `localhost`.
    Good,
    /// Signed by the same CA, for another host and address.
    WrongName,
    /// Good, until it ran out in 2021.
    Expired,
    /// Good, from 2090 on.
    NotYetValid,
    /// Without a subjectAltName, as Samba makes it: the name is in the CN only.
    CommonNameOnly,
    /// A CA's own, signed by itself: the CA and the certificate of the server are one.
    OfTheCaItself,
    /// Signed over a SHA-1 hash.
    Sha1,
    /// With a key of RSA 1024.
    Rsa1024,
}

/// Writes a certificate for a server at this address, its key and the CA (`ca.pem`), for a server that is
/// no domain controller. Returns the paths of the first two.
pub(crate) fn certificate_files(directory: &Path, ip: Ipv4Addr, kind: Cert) -> (PathBuf, PathBuf) {
    issue(directory, ip, kind);
    (directory.join(CERTIFICATE_FILE), directory.join(KEY_FILE))
}

/// Writes the CA, a second CA that signs nothing, and the server's certificate
/// and key into `directory`.
pub(super) fn issue(directory: &Path, ip: Ipv4Addr, kind: Cert) {
    match kind {
        Cert::Sha1 => return outdated(directory, ip, "2048", "-sha1"),
        Cert::Rsa1024 => return outdated(directory, ip, "1024", "-sha256"),
        Cert::OfTheCaItself => return of_the_ca_itself(directory, ip),
        _ => {}
    }
    let (ca_pem, ca) = authority("adsync test CA");
    let (other_ca_pem, _) = authority("another test CA");

    let (name, san) = match kind {
        Cert::Good | Cert::Expired | Cert::NotYetValid => {
            (HOST_NAME, vec![dns(HOST_NAME), dns("localhost"), ip_of(ip)])
        }
        Cert::WrongName => {
            let other = "other.example.net";
            (other, vec![dns(other), ip_of(Ipv4Addr::new(192, 0, 2, 1))])
        }
        _ => (HOST_NAME, Vec::new()),
    };
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = san;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = match kind {
        Cert::NotYetValid => date_time_ymd(2090, 1, 1),
        _ => date_time_ymd(2020, 1, 1),
    };
    params.not_after = match kind {
        Cert::Expired => date_time_ymd(2021, 1, 1),
        _ => date_time_ymd(2100, 1, 1),
    };
    let key = new_key();
    let certificate = params
        .signed_by(&key, &ca)
        .expect("these certificate parameters are valid");

    write(directory, CA_FILE, &ca_pem);
    write(directory, OTHER_CA_FILE, &other_ca_pem);
    write(directory, CERTIFICATE_FILE, &certificate.pem());
    write(directory, KEY_FILE, &key.serialize_pem());
}

fn of_the_ca_itself(directory: &Path, ip: Ipv4Addr) {
    let mut params = ca_params(HOST_NAME);
    params.subject_alt_names = vec![dns(HOST_NAME), dns("localhost"), ip_of(ip)];
    let key = new_key();
    let certificate = params.self_signed(&key).expect("valid parameters").pem();
    write(directory, CA_FILE, &certificate);
    write(directory, OTHER_CA_FILE, &authority("another test CA").0);
    write(directory, CERTIFICATE_FILE, &certificate);
    write(directory, KEY_FILE, &key.serialize_pem());
}

/// What rcgen makes no more, from openssl: a CA of RSA 2048, and a certificate of it.
fn outdated(directory: &Path, ip: Ipv4Addr, bits: &str, hash: &str) {
    let files = [CA_FILE, CERTIFICATE_FILE, KEY_FILE].map(|it| directory.join(it));
    let script = "set -e; cd \"$1\"\n\
         openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out \"$2\" -days 36500 \
             -subj '/CN=adsync test CA' -addext keyUsage=critical,keyCertSign\n\
         openssl req -new -newkey rsa:$6 -nodes -keyout \"$4\" -out dc.csr -subj /CN=dc1\n\
         printf 'subjectAltName = %s\\nextendedKeyUsage = serverAuth\\n' \"$5\" >dc.ext\n\
         openssl x509 -req -in dc.csr -CA \"$2\" -CAkey ca.key -CAcreateserial -out \"$3\" \
             -days 36500 -extfile dc.ext $7\n\
         chmod 600 \"$4\"";
    let names = format!("DNS:{HOST_NAME},DNS:localhost,IP:{ip}");
    let mut openssl = Command::new("sh");
    openssl
        .args(["-c", script, "sh"])
        .arg(directory)
        .args(&files)
        .args([&names, bits, hash]);
    let made = process::run(&mut openssl, b"", OPENSSL_LIMIT);
    assert!(
        made.status.success(),
        "openssl: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    write(directory, OTHER_CA_FILE, &authority("another test CA").0);
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let params = ca_params(name);
    let key = new_key();
    let certificate = params
        .self_signed(&key)
        .expect("these certificate parameters are valid");
    (certificate.pem(), Issuer::new(params, key))
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness")
}

fn dns(name: &str) -> SanType {
    let name = name.try_into().expect("an ASCII name is an IA5String");
    SanType::DnsName(name)
}

fn ip_of(ip: Ipv4Addr) -> SanType {
    SanType::IpAddress(IpAddr::V4(ip))
}

fn write(directory: &Path, name: &str, pem: &str) {
    // Samba refuses a key that others can read.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(directory.join(name))
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .unwrap_or_else(|error| panic!("failed to write the test's {name}: {error}"));
}
