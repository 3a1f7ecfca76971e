//! The value of a field: which of its attributes counts, and which of that attribute's values.

use ldap::Entry;

use super::attribute::Attribute;

/// The addresses of a mailbox on AD (MS-ADA3): `SMTP:ann@x` is the primary one, `smtp:a.brown@x` an alias.
const PROXY_ADDRESSES: &str = "proxyAddresses";

/// The prefix of the primary address.
const PRIMARY: &str = "SMTP:";

/// How many values an attribute of a user may have beside the first.
const MOST_OTHERS: usize = 1000;

/// The value of a field.
#[derive(Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The first one.
    pub first: &'a str,
    /// The others of the same attribute, in the order of the answer.
    pub others: Vec<&'a str>,
}

/// The value of the first attribute that has one. White space alone is not a value.
pub fn of<'a>(entry: &'a Entry, attributes: &[Attribute]) -> Result<Option<Value<'a>>, String> {
    for attribute in attributes {
        if let Some(value) = of_attribute(entry, attribute)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn of_attribute<'a>(entry: &'a Entry, attribute: &Attribute) -> Result<Option<Value<'a>>, String> {
    let name = attribute.written();
    let mut value: Option<Value<'a>> = None;
    for octets in entry.values_under(attribute.names()) {
        let Ok(text) = std::str::from_utf8(octets) else {
            return Err(format!("{name} is not valid UTF-8"));
        };
        let Some(text) = meant(attribute, text).filter(|it| !it.trim().is_empty()) else {
            continue;
        };
        match &mut value {
            Some(value) if value.others.len() == MOST_OTHERS => {
                return Err(format!("{name} has more than {MOST_OTHERS} values"));
            }
            Some(value) => value.others.push(text),
            None => {
                value = Some(Value {
                    first: text,
                    others: Vec::new(),
                });
            }
        }
    }
    if value.is_none() && entry.has_range_of(attribute.names()) {
        return Err(format!(
            "{name} has more values than the server sends at once"
        ));
    }
    Ok(value)
}

/// A value of an attribute as the field has it.
fn meant<'a>(attribute: &Attribute, value: &'a str) -> Option<&'a str> {
    match prefix(attribute) {
        "" => Some(value),
        prefix => value.strip_prefix(prefix),
    }
}

/// The prefix of a field's value among the values of an attribute.
pub fn prefix(attribute: &Attribute) -> &'static str {
    if attribute.is_called(PROXY_ADDRESSES) {
        PRIMARY
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap::fuzzing::entry_of;

    /// The value and the other values of a field read from these attributes.
    fn value(
        attributes: &[(&str, &[&[u8]])],
        from: &[&str],
    ) -> Result<Option<(String, Vec<String>)>, String> {
        let entry = entry_of("CN=a", attributes);
        let from: Vec<Attribute> = from
            .iter()
            .map(|name| Attribute::unresolved(name, false))
            .collect();
        let found = of(&entry, &from)?;
        Ok(found.map(|it| {
            let others = it.others.into_iter().map(str::to_owned).collect();
            (it.first.to_owned(), others)
        }))
    }

    fn found(first: &str, others: &[&str]) -> (String, Vec<String>) {
        let others = others.iter().map(|&it| it.to_owned()).collect();
        (first.to_owned(), others)
    }

    #[test]
    fn white_space_is_no_value() {
        for nothing in ["", " ", "\t \n", "\u{a0}\u{2003}"] {
            let attributes: &[(&str, &[&[u8]])] =
                &[("mail", &[nothing.as_bytes()]), ("upn", &[b"b@x"])];
            assert_eq!(value(attributes, &["mail"]), Ok(None), "{nothing:?}");
            assert_eq!(
                value(attributes, &["mail", "upn"]),
                Ok(Some(found("b@x", &[])))
            );
        }
        assert_eq!(
            value(&[("mail", &[b" a "])], &["mail"]),
            Ok(Some(found(" a ", &[])))
        );
    }

    #[test]
    fn the_others_are_those_of_the_attribute_that_counts() {
        let attributes: &[(&str, &[&[u8]])] =
            &[("mail", &[b" ", b"a@x", b"b@x"]), ("upn", &[b"c@x"])];
        assert_eq!(
            value(attributes, &["mail", "upn"]),
            Ok(Some(found("a@x", &["b@x"])))
        );
        assert_eq!(
            value(attributes, &["upn", "mail"]),
            Ok(Some(found("c@x", &[])))
        );
    }

    #[test]
    fn one_value_that_is_no_text_spoils_the_attribute() {
        let attributes: &[(&str, &[&[u8]])] = &[("mail", &[b"a@x", b"\xff"]), ("upn", &[b"c@x"])];
        let error = Err("mail is not valid UTF-8".to_owned());
        assert_eq!(value(attributes, &["mail", "upn"]), error);
        assert_eq!(
            value(attributes, &["upn", "mail"]),
            Ok(Some(found("c@x", &[])))
        );
    }

    #[test]
    fn the_primary_of_the_proxy_addresses_counts() {
        let of = |values: &[&[u8]]| value(&[("proxyAddresses", values)], &["proxyaddresses"]);
        let alias: &[u8] = b"smtp:b@x";
        assert_eq!(
            of(&[alias, b"SMTP:a@x", b"x500:/o=x"]),
            Ok(Some(found("a@x", &[])))
        );
        assert_eq!(of(&[b"SMTP:a@x", alias]), Ok(Some(found("a@x", &[]))));
        assert_eq!(of(&[alias]), Ok(None));
        assert_eq!(of(&[b"SMTP: "]), Ok(None));
        assert_eq!(
            of(&[b"SMTP:b@x", b"SMTP:a@x"]),
            Ok(Some(found("b@x", &["a@x"])))
        );
    }

    #[test]
    fn a_value_comes_under_any_name_of_its_attribute() {
        let attributes: &[(&str, &[&[u8]])] = &[("SN;lang-de", &[b"x"]), ("SN", &[b"Brown"])];
        for name in ["sn", "surname", "2.5.4.4"] {
            assert_eq!(
                value(attributes, &[name]),
                Ok(Some(found("Brown", &[]))),
                "{name}"
            );
        }
    }

    #[test]
    fn a_part_of_the_values_is_none() {
        let ranged: &[(&str, &[&[u8]])] =
            &[("mail", &[]), ("mail;range=0-1499", &[b"a@x", b"b@x"])];
        assert_eq!(
            value(ranged, &["mail"]),
            Err("mail has more values than the server sends at once".to_owned())
        );
    }
}
