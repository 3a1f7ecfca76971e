//! LDAP results, with the texts that AD puts into them.

/// What an operation ends with (RFC 4511, section 4.1.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LdapResult {
    pub(crate) code: u32,
    pub(crate) matched_dn: String,
    pub(crate) text: String,
    pub(crate) referrals: Vec<String>,
}

pub(crate) const OPERATIONS_ERROR: u32 = 1;
pub(crate) const PROTOCOL_ERROR: u32 = 2;
pub(crate) const SIZE_LIMIT_EXCEEDED: u32 = 4;
pub(crate) const AUTH_METHOD_NOT_SUPPORTED: u32 = 7;
pub(crate) const REFERRAL: u32 = 10;
pub(crate) const UNAVAILABLE_CRITICAL_EXTENSION: u32 = 12;
pub(crate) const NO_SUCH_OBJECT: u32 = 32;
pub(crate) const INVALID_DN_SYNTAX: u32 = 34;
pub(crate) const INVALID_CREDENTIALS: u32 = 49;
pub(crate) const INSUFFICIENT_ACCESS_RIGHTS: u32 = 50;
pub(crate) const UNAVAILABLE: u32 = 52;
pub(crate) const UNWILLING_TO_PERFORM: u32 = 53;

pub(crate) const BAD_COOKIE: &str =
    "00000057: LdapErr: DSID-0C090A2F, comment: Error processing control, data 0, v4563";
pub(crate) const NOT_LOGGED_IN: &str = "000004DC: LdapErr: DSID-0C090A5C, comment: In order to \
     perform this operation a successful bind must be completed on the connection., data 0, v4563";
pub(crate) const UNKNOWN_CONTROL: &str =
    "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0\n";
pub(crate) const WILL_NOT_WRITE: &str =
    "00002035: LdapErr: DSID-0C090B40, comment: this directory is not written by clients, data 0";
pub(crate) const NO_TLS: &str =
    "00000000: LdapErr: DSID-0C090F78, comment: Error initializing SSL/TLS, data 0, v4563";
pub(crate) const BAD_NAME: &str =
    "0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:\n\t''\n";

impl LdapResult {
    pub(crate) fn success() -> Self {
        Self::default()
    }

    pub(crate) fn new(code: u32, text: &str) -> Self {
        Self {
            code,
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// A refused bind, with AD's sub-code: `52e`, `533`, …
    pub(crate) fn refused_login(data: &str) -> Self {
        Self::new(
            INVALID_CREDENTIALS,
            &format!(
                "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, \
                 data {data}, v4563"
            ),
        )
    }

    pub(crate) fn no_such_object(matched_dn: String) -> Self {
        Self {
            text: format!(
                "0000208D: NameErr: DSID-0310028B, problem 2001 (NO_OBJECT), data 0, best match \
                 of:\n\t'{matched_dn}'\n"
            ),
            matched_dn,
            ..Self::new(NO_SUCH_OBJECT, "")
        }
    }

    pub(crate) fn referral(uris: Vec<String>) -> Self {
        Self {
            referrals: uris,
            ..Self::new(REFERRAL, "")
        }
    }

    /// AD refers the client elsewhere when the base DN lies in no naming context it knows.
    pub(crate) fn elsewhere(base: &str) -> Self {
        let domain = crate::dn::Dn::parse(base).map(|dn| dn.dns_domain());
        let domain = domain.unwrap_or_default();
        Self {
            text: format!(
                "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: '{domain}'\n"
            ),
            referrals: vec![format!("ldap://{domain}/{base}")],
            ..Self::new(REFERRAL, "")
        }
    }
}
