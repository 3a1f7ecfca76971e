//! The little of a schema that comparing and creating entries needs.

use crate::settings::Kind;

/// How the values of an attribute are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Without case.
    Text,
    Integer,
    Bytes,
    /// A distinguished name.
    Name,
}

pub(crate) fn syntax(attribute: &str) -> Syntax {
    const INTEGERS: &[&str] = &[
        "accountexpires",
        "badpwdcount",
        "grouptype",
        "instancetype",
        "lastlogon",
        "lastlogontimestamp",
        "logoncount",
        "primarygroupid",
        "pwdlastset",
        "samaccounttype",
        "systemflags",
        "useraccountcontrol",
        "usnchanged",
        "usncreated",
    ];
    const BYTES: &[&str] = &[
        "invocationid",
        "jpegphoto",
        "objectguid",
        "objectsid",
        "thumbnailphoto",
        "usercertificate",
        "userpassword",
    ];
    const NAMES: &[&str] = &[
        "distinguishedname",
        "entrydn",
        "lastknownparent",
        "manager",
        "member",
        "memberof",
        "objectcategory",
        "uniquemember",
    ];
    let is_in = |list: &[&str]| list.iter().any(|name| name.eq_ignore_ascii_case(attribute));
    if is_in(INTEGERS) {
        Syntax::Integer
    } else if is_in(BYTES) {
        Syntax::Bytes
    } else if is_in(NAMES) {
        Syntax::Name
    } else {
        Syntax::Text
    }
}

/// Attributes a filter may name although no entry has them. One that is not
/// known makes its part of a filter undefined, so that even NOT does not match.
pub(crate) fn is_known(kind: Kind, attribute: &str) -> bool {
    const EVERYWHERE: &[&str] = &[
        "c",
        "cn",
        "co",
        "company",
        "department",
        "description",
        "displayname",
        "employeeid",
        "facsimiletelephonenumber",
        "givenname",
        "homephone",
        "initials",
        "jpegphoto",
        "l",
        "mail",
        "manager",
        "member",
        "mobile",
        "o",
        "objectclass",
        "ou",
        "pager",
        "postalcode",
        "sn",
        "st",
        "street",
        "telephonenumber",
        "title",
        "uid",
        "usercertificate",
        "userpassword",
    ];
    const ACTIVE_DIRECTORY: &[&str] = &[
        "accountexpires",
        "admincount",
        "distinguishedname",
        "grouptype",
        "info",
        "isCriticalSystemObject",
        "isdeleted",
        "lastknownparent",
        "lastlogon",
        "lastlogontimestamp",
        "memberof",
        "name",
        "objectcategory",
        "objectguid",
        "objectsid",
        "othertelephone",
        "primarygroupid",
        "proxyaddresses",
        "pwdlastset",
        "samaccountname",
        "samaccounttype",
        "sidhistory",
        "thumbnailphoto",
        "useraccountcontrol",
        "userprincipalname",
        "usnchanged",
        "usncreated",
        "whenchanged",
        "whencreated",
    ];
    const PLAIN: &[&str] = &[
        "createtimestamp",
        "entrydn",
        "entryuuid",
        "modifytimestamp",
        "uniquemember",
    ];
    let own = match kind {
        Kind::ActiveDirectory => ACTIVE_DIRECTORY,
        Kind::PlainLdap => PLAIN,
    };
    let known = |list: &[&str]| list.iter().any(|name| name.eq_ignore_ascii_case(attribute));
    known(EVERYWHERE) || known(own)
}

/// Operational attributes come only when they are asked for by name or with `+`.
pub(crate) fn is_operational(kind: Kind, attribute: &str) -> bool {
    const PLAIN: &[&str] = &["createTimestamp", "entryDN", "entryUUID", "modifyTimestamp"];
    kind == Kind::PlainLdap
        && PLAIN
            .iter()
            .any(|name| name.eq_ignore_ascii_case(attribute))
}

/// A class with its superiors, the most general first, as the server stores them.
pub(crate) fn class_chain(kind: Kind, class: &str) -> Vec<String> {
    let active_directory = kind == Kind::ActiveDirectory;
    let superiors: &[&str] = match class.to_lowercase().as_str() {
        "top" => &[],
        "organizationalperson" => &["top", "person"],
        "computer" => &["top", "person", "organizationalPerson", "user"],
        "inetorgperson" if active_directory => &["top", "person", "organizationalPerson", "user"],
        "user" | "contact" | "inetorgperson" => &["top", "person", "organizationalPerson"],
        _ => &["top"],
    };
    let chain = superiors.iter().copied().chain([class]);
    chain.map(str::to_owned).collect()
}

/// The common name of the category that entries of this class have, the name
/// by which a filter may also ask for it: `(objectCategory=person)`.
pub(crate) fn category(class: &str) -> &str {
    match class.to_lowercase().as_str() {
        "user" | "person" | "contact" | "inetorgperson" | "organizationalperson" => "Person",
        "computer" => "Computer",
        "group" => "Group",
        "organizationalunit" => "Organizational-Unit",
        "container" => "Container",
        "domaindns" | "domain" => "Domain-DNS",
        "ntdsdsa" => "NTDS-DSA",
        _ => class,
    }
}
