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

/// Attributes that there are although no entry may have them.
fn attributes(kind: Kind) -> impl Iterator<Item = &'static str> {
    const EVERYWHERE: &[&str] = &[
        "c",
        "cn",
        "co",
        "company",
        "department",
        "description",
        "displayName",
        "employeeID",
        "facsimileTelephoneNumber",
        "givenName",
        "homePhone",
        "initials",
        "jpegPhoto",
        "l",
        "mail",
        "manager",
        "member",
        "mobile",
        "o",
        "objectClass",
        "ou",
        "pager",
        "postalCode",
        "sn",
        "st",
        "street",
        "telephoneNumber",
        "title",
        "uid",
        "userCertificate",
        "userPassword",
    ];
    const ACTIVE_DIRECTORY: &[&str] = &[
        "accountExpires",
        "adminCount",
        "distinguishedName",
        "groupType",
        "info",
        "isCriticalSystemObject",
        "isDeleted",
        "isRecycled",
        "lastKnownParent",
        "lastLogon",
        "lastLogonTimestamp",
        "memberOf",
        "mS-DS-ConsistencyGuid",
        "name",
        "objectCategory",
        "objectGUID",
        "objectSid",
        "otherTelephone",
        "primaryGroupID",
        "proxyAddresses",
        "pwdLastSet",
        "sAMAccountName",
        "sAMAccountType",
        "sIDHistory",
        "thumbnailPhoto",
        "userAccountControl",
        "userPrincipalName",
        "uSNChanged",
        "uSNCreated",
        "whenChanged",
        "whenCreated",
    ];
    const PLAIN: &[&str] = &[
        "createTimestamp",
        "entryDN",
        "entryUUID",
        "modifyTimestamp",
        "ref",
        "uniqueMember",
    ];
    let own = match kind {
        Kind::ActiveDirectory => ACTIVE_DIRECTORY,
        Kind::PlainLdap => PLAIN,
    };
    EVERYWHERE.iter().chain(own).copied()
}

/// Attributes a filter may name although no entry has them. One that is not
/// known makes its part of a filter undefined, so that even NOT does not match.
pub(crate) fn is_known(kind: Kind, attribute: &str) -> bool {
    attributes(kind).any(|name| name.eq_ignore_ascii_case(attribute))
}

/// The descriptions of all attributes (RFC 4512, 4.1.2): those that there are anyway, and these.
pub(crate) fn attribute_types<'a>(kind: Kind, seen: impl Iterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let mut names: Vec<&str> = attributes(kind).collect();
    for name in seen {
        if !names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    names.sort_unstable();
    let numbered = names.iter().enumerate();
    numbered
        .map(|(number, name)| format!("( {} NAME '{name}' )", oid(name, number)).into_bytes())
        .collect()
}

/// The OID of an attribute; those that matter to nobody are below the arc for examples (X.660, A.4).
fn oid(name: &str, number: usize) -> String {
    match name.to_lowercase().as_str() {
        "cn" => "2.5.4.3".to_owned(),
        "sn" => "2.5.4.4".to_owned(),
        "telephonenumber" => "2.5.4.20".to_owned(),
        "givenname" => "2.5.4.42".to_owned(),
        "uid" => "0.9.2342.19200300.100.1.1".to_owned(),
        "mail" => "0.9.2342.19200300.100.1.3".to_owned(),
        "mobile" => "0.9.2342.19200300.100.1.41".to_owned(),
        _ => format!("2.999.1.{number}"),
    }
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
