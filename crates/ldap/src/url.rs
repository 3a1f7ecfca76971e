//! The URL of a server.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use url::Url;

/// The URL of a server: `ldap://host[:port]` or `ldaps://host[:port]` (RFC 4516, without a path).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ServerUrl {
    ldaps: bool,
    host: Box<str>,
    port: u16,
    text: Box<str>,
}

impl ServerUrl {
    /// Whether the connection begins with TLS.
    pub fn is_ldaps(&self) -> bool {
        self.ldaps
    }

    /// Host name or IP address; IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port: as given, else 389 or 636.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether this is a port of the global catalog, which holds only some attributes.
    pub fn is_global_catalog(&self) -> bool {
        matches!(self.port, 3268 | 3269)
    }

    /// Whether nothing leaves this host.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for ServerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("the server {text:?} {what}; write it as ldaps://dc1.corp.example.com")
        };
        // What precedes an at sign may be a password, and is not shown.
        if text.contains('@') {
            return Err("a server has no name and no password in its URL".to_owned());
        }
        let url = Url::parse(&text).map_err(|error| wrong(&format!("is no URL ({error})")))?;
        let ldaps = match url.scheme() {
            "ldaps" => true,
            "ldap" => false,
            other => return Err(wrong(&format!("has the scheme {other}://"))),
        };
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(wrong("names no host"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has something behind the host"));
        }
        Ok(Self {
            ldaps,
            host: host.trim_matches(['[', ']']).into(),
            port: url.port().unwrap_or(if ldaps { 636 } else { 389 }),
            text: text.trim_end_matches('/').into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<ServerUrl, String> {
        ServerUrl::try_from(text.to_owned())
    }

    #[test]
    fn a_server_has_a_scheme_a_host_and_a_port() {
        let dc1 = url("ldaps://dc1.corp.example.com").expect("a server");
        assert_eq!(
            (dc1.host(), dc1.port(), dc1.is_ldaps()),
            ("dc1.corp.example.com", 636, true)
        );
        let dc2 = url("ldap://[::1]:1389/").expect("a server");
        assert_eq!(
            (dc2.host(), dc2.port(), dc2.is_ldaps()),
            ("::1", 1389, false)
        );
        assert!(dc2.is_loopback() && !dc1.is_loopback());
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for text in [
            "dc1.corp.example.com",
            "https://dc1",
            "ldap://",
            "ldaps://dc1/DC=corp",
            "ldaps://dc1?x",
            "ldaps://me:secret@dc1",
            "ldaps://dc1:99999",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
