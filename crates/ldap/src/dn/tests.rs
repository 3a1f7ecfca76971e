use proptest::prelude::*;

use super::{depth, dns_name, domain_components, is_within, normalised, parent, split};

#[test]
fn the_domain_is_what_ends_in_dc() {
    let of = |dn| domain_components(dn);
    assert_eq!(
        of("OU=a,DC=x,OU=b,DC=corp,dc=com").as_deref(),
        Some("dc=corp,dc=com")
    );
    assert_eq!(of("DC=corp").as_deref(), Some("dc=corp"));
    assert_eq!(of("o=corp"), None);
    let by_number = "OU=a,0.9.2342.19200300.100.1.25=corp,domainComponent=com";
    assert_eq!(of(by_number).as_deref(), Some("dc=corp,dc=com"));
    assert_eq!(dns_name(by_number), "corp.com");
}

#[test]
fn below_and_beside() {
    let staff = "OU=Staff,DC=corp,DC=example,DC=com";
    assert!(is_within(staff, staff));
    assert!(is_within(
        "CN=Ann,ou=staff, dc=Corp,DC=example,DC=com",
        staff
    ));
    assert!(is_within(staff, ""));
    assert!(!is_within("OU=ExStaff,DC=corp,DC=example,DC=com", staff));
    assert!(!is_within("DC=corp,DC=example,DC=com", staff));
    assert_eq!((depth(staff), depth("")), (4, 0));
}

#[test]
fn an_escaped_comma_separates_nothing() {
    assert!(!is_within(r"CN=x\,OU=Staff,DC=com", "OU=Staff,DC=com"));
    assert!(is_within(r"CN=a\\,OU=Staff,DC=com", "OU=Staff,DC=com"));
}

#[test]
fn a_dn_lies_in_its_parent() {
    assert_eq!(split("OU=a, DC=x,DC=y"), Some(("OU=a", "DC=x,DC=y")));
    assert_eq!(split(r"CN=b\,c\\,OU=a"), Some((r"CN=b\,c\\", "OU=a")));
    assert_eq!(split(r#"CN="b,c",OU=a"#), Some((r#"CN="b,c""#, "OU=a")));
    assert_eq!(split(r"CN=a\  , DC=x"), Some((r"CN=a\ ", "DC=x")));
    assert_eq!(split(r"CN=a\\ , DC=x"), Some((r"CN=a\\", "DC=x")));
    assert_eq!(split("DC=com"), None);
    assert_eq!(parent(r"CN=b\2Cc,OU=a"), Some("OU=a"));
    assert_eq!(parent("OU=a"), None);
}

#[test]
fn one_dn_in_many_ways() {
    for (one, other) in [
        // Escapes.
        (r"CN=Brown\2C Ann,DC=x", r"CN=Brown\, Ann,DC=x"),
        (r"CN=Brown\2c Ann,DC=x", r#"CN="Brown, Ann",DC=x"#),
        (r"CN=a\20,DC=x", r"CN=a\ ,DC=x"),
        (r"CN=\C3\A9,DC=x", "CN=é,DC=x"),
        (r"CN=\c3\a9,DC=x", r"CN=\é,DC=x"),
        (r"CN=a\+b,DC=x", r#"CN="a+b",DC=x"#),
        (r"CN=\#a,DC=x", r#"CN="\#a",DC=x"#),
        (r"CN=a\=b,DC=x", "CN=a=b,DC=x"),
        (r#"CN="a\"b",DC=x"#, r"CN=a\22b,DC=x"),
        // Hexadecimal, as octets, in UTF-8, printable and of two octets a character.
        ("CN=#04024869,DC=x", "CN=hi,DC=x"),
        ("CN=#0C024869,DC=x", "CN=hi,DC=x"),
        ("CN=#1302 4869,DC=x", "CN=\\#1302 4869,DC=x"),
        ("CN=#1e0400480069,DC=x", "CN=hi,DC=x"),
        // Other names of types.
        ("2.5.4.3=a,0.9.2342.19200300.100.1.25=x", "CN=a,DC=x"),
        ("OID.2.5.4.3=a,oid.2.5.4.11=b", "CN=a,OU=b"),
        (
            "commonName=a,organizationalUnitName=b,localityName=c",
            "cn=a,ou=b,l=c",
        ),
        ("userid=a", "0.9.2342.19200300.100.1.1=a"),
        // Case, spaces, and separators.
        ("cn=ANN  Brown , dc = X", "CN=Ann brown,DC=x"),
        ("CN=a;DC=x", "CN=a,DC=x"),
        ("CN=ÉLODIE,DC=x", "CN=élodie,DC=x"),
        ("CN=straße,DC=x", "CN=STRASSE,DC=x"),
        // Composition.
        ("CN=Jose\u{301},DC=x", "CN=José,DC=x"),
        (r"CN=Jose\CC\81,DC=x", "CN=José,DC=x"),
        // Several parts in one.
        ("CN=a+OU=b,DC=x", "ou=B + cn=A,DC=x"),
        (r"CN=a\+OU=b,DC=x", r"CN=a\2BOU\3Db,DC=x"),
    ] {
        assert_eq!(normalised(one), normalised(other), "{one} {other}");
        assert!(is_within(one, other) && is_within(other, one));
    }
}

#[test]
fn what_looks_alike_and_is_not() {
    for (one, other) in [
        (r"CN=Brown\, Ann,DC=x", "CN=Brown, Ann,DC=x"),
        ("CN=a+OU=b,DC=x", r"CN=a\+OU=b,DC=x"),
        ("CN=a,OU=b", "CN=a+OU=b"),
        ("CN=a,DC=x", "OU=a,DC=x"),
        ("CN=jose,DC=x", "CN=josé,DC=x"),
        ("CN=#04024869,DC=x", r"CN=\#04024869,DC=x"),
        ("CN=#0500,DC=x", r"CN=\#0500,DC=x"),
        (r"CN=\ff,DC=x", "CN=ff,DC=x"),
        (r"CN=\ff,DC=x", r"CN=\\ff,DC=x"),
        ("CN=annbrown", "CN=ann brown"),
    ] {
        assert_ne!(normalised(one), normalised(other), "{one} {other}");
    }
}

#[test]
fn what_is_normalised_is_a_dn() {
    for (dn, expected) in [
        (
            r#"CN="Brown, Ann"+UID=#04024869, DC=X"#,
            r"cn=brown\, ann+uid=hi,dc=x",
        ),
        (r"CN=\ff\00,DC=x", r"cn=\ff\00,dc=x"),
        ("CN=#0500", "cn=#0500"),
        (r"CN=\#a", r"cn=\#a"),
        ("", ""),
        (",, ,", ""),
        ("no dn", "no dn"),
        ("CN=", "cn="),
    ] {
        assert_eq!(normalised(dn), expected, "{dn}");
    }
}

/// Octets in hexadecimal, with this before each.
fn octets(octets: &[u8], before: &str) -> String {
    let digits: Vec<String> = octets
        .iter()
        .map(|it| format!("{before}{it:02X}"))
        .collect();
    digits.concat()
}

/// A relative DN: a type, and a value, each in one of several ways.
fn relative() -> impl Strategy<Value = (String, [String; 4])> {
    let kinds = prop::sample::select(vec![
        ["CN", "cn", "2.5.4.3", "commonName"],
        ["OU", "ou", "OID.2.5.4.11", "organizationalUnitName"],
        ["DC", "dc", "0.9.2342.19200300.100.1.25", "domainComponent"],
        ["x", "X", " x ", "x"],
    ]);
    (kinds, "[a-zé,+\"\\\\<>;=# ]{1,8}").prop_map(|(kinds, value)| {
        let escaped = |escape: &dyn Fn(char) -> String| value.chars().map(escape).collect();
        let backslash: String = escaped(&|it| {
            if it.is_alphanumeric() {
                it.to_string()
            } else {
                format!("\\{it}")
            }
        });
        let hexadecimal = octets(value.as_bytes(), "\\");
        let quoted: String = escaped(&|it| {
            if "\"\\".contains(it) {
                format!("\\{it}")
            } else {
                it.to_string()
            }
        });
        let ber = format!("#04{:02x}{}", value.len(), octets(value.as_bytes(), ""));
        let values = [backslash, hexadecimal, format!("\"{quoted}\""), ber];
        let written = std::array::from_fn(|way| format!("{}={}", kinds[way], values[way]));
        (value, written)
    })
}

proptest! {
    #[test]
    fn every_way_of_writing_it_is_the_same(
        parts in prop::collection::vec(relative(), 1..4),
        ways in prop::collection::vec(0..4_usize, 4),
        separators in "[,;]{4}",
    ) {
        let write = |way: &dyn Fn(usize) -> usize| {
            let mut dn = String::new();
            for (place, (_, written)) in parts.iter().enumerate() {
                if place > 0 {
                    dn.extend(separators.chars().nth(place));
                }
                dn.push_str(&written[way(place)]);
            }
            dn
        };
        let (one, other) = (write(&|_| 0), write(&|place| ways[place]));
        prop_assert_eq!(normalised(&one), normalised(&other));
        prop_assert_eq!(depth(&one), parts.len());
        if let Some(parent) = parent(&other) {
            prop_assert!(is_within(&one, parent));
            prop_assert!(!is_within(parent, &one));
        }
    }

    #[test]
    fn what_is_normalised_stays_as_it_is(dn in "\\PC{0,24}", odd in "[a-f0-9=,;+\"\\\\# ]{0,16}") {
        for dn in [&dn, &odd] {
            let once = normalised(dn);
            prop_assert_eq!(normalised(&once), once.clone());
            prop_assert!(is_within(dn, &once) && is_within(&once, dn));
            prop_assert_eq!(depth(dn), depth(&once));
        }
    }
}
