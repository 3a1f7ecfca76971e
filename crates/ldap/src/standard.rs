//! Attributes that need no look into a server's schema: those of the standards, under all their names, and those that
//! every domain of Active Directory has.

/// An attribute of the standards.
#[derive(Debug)]
pub struct Standard {
    /// Its object identifier.
    pub oid: &'static str,
    /// Its names; servers return it under the first.
    pub names: &'static [&'static str],
}

const fn standard(oid: &'static str, names: &'static [&'static str]) -> Standard {
    Standard { oid, names }
}

/// Attributes of people and of what they lie in (RFC 4519, RFC 4524, RFC 2798, RFC 4530), with the names that older
/// standards gave them.
pub const STANDARDS: &[Standard] = &[
    standard("2.5.4.0", &["objectClass"]),
    standard("2.5.4.3", &["cn", "commonName"]),
    standard("2.5.4.4", &["sn", "surname"]),
    standard("2.5.4.5", &["serialNumber"]),
    standard("2.5.4.6", &["c", "countryName"]),
    standard("2.5.4.7", &["l", "localityName"]),
    standard("2.5.4.8", &["st", "stateOrProvinceName"]),
    standard("2.5.4.9", &["street", "streetAddress"]),
    standard("2.5.4.10", &["o", "organizationName"]),
    standard("2.5.4.11", &["ou", "organizationalUnitName"]),
    standard("2.5.4.12", &["title"]),
    standard("2.5.4.13", &["description"]),
    standard("2.5.4.15", &["businessCategory"]),
    standard("2.5.4.16", &["postalAddress"]),
    standard("2.5.4.17", &["postalCode"]),
    standard("2.5.4.18", &["postOfficeBox"]),
    standard("2.5.4.19", &["physicalDeliveryOfficeName"]),
    standard("2.5.4.20", &["telephoneNumber"]),
    standard("2.5.4.23", &["facsimileTelephoneNumber", "fax"]),
    standard("2.5.4.27", &["destinationIndicator"]),
    standard("2.5.4.31", &["member"]),
    standard("2.5.4.41", &["name"]),
    standard("2.5.4.42", &["givenName", "gn"]),
    standard("2.5.4.43", &["initials"]),
    standard("2.5.4.44", &["generationQualifier"]),
    standard("2.5.4.50", &["uniqueMember"]),
    standard("0.9.2342.19200300.100.1.1", &["uid", "userid"]),
    standard("0.9.2342.19200300.100.1.3", &["mail", "rfc822Mailbox"]),
    standard("0.9.2342.19200300.100.1.4", &["info"]),
    standard("0.9.2342.19200300.100.1.6", &["roomNumber"]),
    standard("0.9.2342.19200300.100.1.10", &["manager"]),
    standard(
        "0.9.2342.19200300.100.1.20",
        &["homePhone", "homeTelephoneNumber"],
    ),
    standard("0.9.2342.19200300.100.1.21", &["secretary"]),
    standard("0.9.2342.19200300.100.1.25", &["dc", "domainComponent"]),
    standard("0.9.2342.19200300.100.1.39", &["homePostalAddress"]),
    standard("0.9.2342.19200300.100.1.40", &["personalTitle"]),
    standard(
        "0.9.2342.19200300.100.1.41",
        &["mobile", "mobileTelephoneNumber"],
    ),
    standard(
        "0.9.2342.19200300.100.1.42",
        &["pager", "pagerTelephoneNumber"],
    ),
    standard("0.9.2342.19200300.100.1.44", &["uniqueIdentifier"]),
    standard("2.16.840.1.113730.3.1.2", &["departmentNumber"]),
    standard("2.16.840.1.113730.3.1.3", &["employeeNumber"]),
    standard("2.16.840.1.113730.3.1.4", &["employeeType"]),
    standard("2.16.840.1.113730.3.1.39", &["preferredLanguage"]),
    standard("2.16.840.1.113730.3.1.241", &["displayName"]),
    standard("1.3.6.1.1.16.4", &["entryUUID"]),
];

/// Attributes that the schema of every domain has (MS-ADA1, MS-ADA2, MS-ADA3), under their only names, as far as one
/// would map them or name them in a filter.
pub const ACTIVE_DIRECTORY: &[&str] = &[
    "accountExpires",
    "adminCount",
    "c",
    "cn",
    "co",
    "comment",
    "company",
    "countryCode",
    "department",
    "description",
    "displayName",
    "distinguishedName",
    "division",
    "employeeID",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "generationQualifier",
    "givenName",
    "homePhone",
    "info",
    "initials",
    "ipPhone",
    "isCriticalSystemObject",
    "l",
    "legacyExchangeDN",
    "mS-DS-ConsistencyGuid",
    "mail",
    "manager",
    "member",
    "memberOf",
    "middleName",
    "mobile",
    "name",
    "objectCategory",
    "objectClass",
    "objectGUID",
    "objectSid",
    "otherHomePhone",
    "otherIpPhone",
    "otherMailbox",
    "otherMobile",
    "otherPager",
    "otherTelephone",
    "ou",
    "pager",
    "personalTitle",
    "physicalDeliveryOfficeName",
    "postalCode",
    "primaryGroupID",
    "proxyAddresses",
    "sAMAccountName",
    "sAMAccountType",
    "servicePrincipalName",
    "showInAddressBook",
    "sn",
    "st",
    "street",
    "streetAddress",
    "telephoneNumber",
    "title",
    "uSNChanged",
    "uid",
    "uidNumber",
    "url",
    "userAccountControl",
    "userPrincipalName",
    "wWWHomePage",
    "whenChanged",
    "whenCreated",
];

/// Attributes that serve the same purpose: on Active Directory, and on any other server.
const COUNTERPARTS: &[(&str, &str)] = &[
    ("objectGUID", "entryUUID"),
    ("sAMAccountName", "uid"),
    ("userPrincipalName", "mail"),
];

/// The attribute of the standards with this name or object identifier.
pub fn by_name(name: &str) -> Option<&'static Standard> {
    let is_it = |known: &&Standard| {
        let names = known.names.iter().chain([&known.oid]);
        names.into_iter().any(|it| it.eq_ignore_ascii_case(name))
    };
    STANDARDS.iter().find(is_it)
}

/// Whether every server of that kind has the attribute, and returns it under this very name.
pub fn is_sure(name: &str, is_active_directory: bool) -> bool {
    let is_it = |known: &str| known.eq_ignore_ascii_case(name);
    if is_active_directory {
        ACTIVE_DIRECTORY.iter().any(|known| is_it(known))
    } else {
        STANDARDS.iter().any(|known| is_it(known.names[0]))
    }
}

/// What was probably meant by a name, whatever it looks like.
pub fn counterpart(name: &str) -> impl Iterator<Item = &'static str> {
    let other = COUNTERPARTS.iter().find_map(|(one, other)| {
        let is = |it: &str| it.eq_ignore_ascii_case(name);
        if is(one) {
            Some(*other)
        } else {
            is(other).then_some(*one)
        }
    });
    let names = by_name(name).map_or(&[][..], |known| known.names);
    other.into_iter().chain(names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_one_attribute() {
        let mut seen = std::collections::HashSet::new();
        for known in STANDARDS {
            for name in known.names.iter().chain([&known.oid]) {
                assert!(seen.insert(name.to_lowercase()), "{name}");
                assert_eq!(by_name(name).map(|it| it.oid), Some(known.oid));
            }
        }
        assert!(by_name("x").is_none());
    }

    #[test]
    fn another_name_is_not_sure() {
        assert!(is_sure("SN", false) && is_sure("SN", true));
        for name in ["surname", "2.5.4.4", "rfc822Mailbox", "mial"] {
            assert!(!is_sure(name, false) && !is_sure(name, true), "{name}");
        }
        assert!(is_sure("sAMAccountName", true) && !is_sure("sAMAccountName", false));
        assert!(is_sure("entryUUID", false) && !is_sure("entryUUID", true));
    }

    #[test]
    fn what_was_meant_may_look_otherwise() {
        let meant = |name| counterpart(name).collect::<Vec<_>>();
        assert_eq!(meant("entryuuid"), ["objectGUID", "entryUUID"]);
        assert_eq!(meant("surname"), ["sn", "surname"]);
        assert_eq!(meant("x"), [""; 0]);
    }
}
