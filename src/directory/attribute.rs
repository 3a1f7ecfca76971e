//! An attribute of the settings: the name to request it by, and the names the server may return it under.

use ldap::standard;

use super::schema::{AttributeType, Schema};

/// An attribute of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// As the settings have it.
    written: String,
    /// As it is requested.
    asked: String,
    /// The names it may have in an answer (RFC 4512, 2.5), the likeliest first.
    names: Vec<String>,
}

impl Attribute {
    /// An attribute requested as it is written, because the server's schema was not read.
    pub fn unresolved(written: &str, is_active_directory: bool) -> Self {
        let mut names = vec![written.to_owned()];
        // AD knows each by one name, and uses some standard names for other attributes: street and streetAddress.
        let standard = standard::by_name(written).filter(|_| !is_active_directory);
        if let Some(standard) = standard {
            let others = standard.names.iter().chain([&standard.oid]);
            names.extend(others.map(|&name| name.to_owned()));
            names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
        }
        Self {
            written: written.to_owned(),
            asked: written.to_owned(),
            names,
        }
    }

    /// An attribute that the server's schema has.
    fn resolved(written: &str, kind: &AttributeType) -> Self {
        let names: Vec<String> = kind.names.iter().chain([&kind.oid]).cloned().collect();
        Self {
            written: written.to_owned(),
            // Samba does not know attributes by their object identifiers.
            asked: names[0].clone(),
            names,
        }
    }

    /// The attribute of that name on a server; `None` if its schema does not have it.
    pub fn of(written: &str, is_active_directory: bool, schema: Option<&Schema>) -> Option<Self> {
        let needs_no_schema = standard::is_sure(written, is_active_directory);
        match schema.filter(|_| !needs_no_schema) {
            Some(schema) => Some(Self::resolved(written, schema.attribute(written)?)),
            None => Some(Self::unresolved(written, is_active_directory)),
        }
    }

    /// As the settings have it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// As it is requested, in filters and among the attributes to return.
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// The names it may have in an answer.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether an attribute of an answer is this one. Options make it a different one: `mail;lang-de` is not `mail`.
    pub fn is_called(&self, description: &str) -> bool {
        self.names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(description))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_name_is_read_under_all_of_them() {
        let surname = Attribute::unresolved("surname", false);
        assert_eq!(surname.asked(), "surname");
        for name in ["SN", "surName", "2.5.4.4"] {
            assert!(surname.is_called(name), "{name}");
        }
        assert!(!surname.is_called("sn;lang-de") && !surname.is_called("s"));
        assert_eq!(
            Attribute::unresolved("mail", false).names(),
            ["mail", "rfc822Mailbox", "0.9.2342.19200300.100.1.3"]
        );
    }

    #[test]
    fn on_ad_a_name_is_but_one() {
        assert_eq!(
            Attribute::unresolved("streetAddress", true).names(),
            ["streetAddress"]
        );
    }

    #[test]
    fn what_the_schema_has_is_asked_for_by_its_first_name() {
        let schema = Schema::from_descriptions(["( 2.5.4.4 NAME ( 'sn' 'surname' ) )"]);
        for written in ["surname", "2.5.4.4", "SURNAME"] {
            let attribute = Attribute::of(written, false, Some(&schema)).expect("it has it");
            assert_eq!(attribute.asked(), "sn");
            assert_eq!(attribute.names(), ["sn", "surname", "2.5.4.4"]);
            assert_eq!(attribute.written(), written);
        }
        assert_eq!(Attribute::of("mial", false, Some(&schema)), None);
        assert!(Attribute::of("mial", false, None).is_some());
    }
}
