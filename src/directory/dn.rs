//! Distinguished names (RFC 4514), as far as it must be known which lies below which.

/// Whether a DN is `base` or lies below it. Case and the spaces around separators do not count.
pub fn is_within(dn: &str, base: &str) -> bool {
    let dn = components(dn);
    let base = components(base);
    dn.len() >= base.len() && dn[dn.len() - base.len()..] == base[..]
}

/// The end of a DN that consists of domain components: `DC=corp,DC=com` of `OU=Staff,DC=corp,DC=com`.
pub fn domain_components(dn: &str) -> Option<String> {
    let parts = components(dn);
    let others = parts.iter().rposition(|part| !part.starts_with("dc="));
    let domain = &parts[others.map_or(0, |at| at + 1)..];
    (!domain.is_empty()).then(|| domain.join(","))
}

/// The DNS name of a domain (RFC 2247): `corp.com` of `DC=corp,DC=com`.
pub fn dns_name(domain: &str) -> String {
    let parts = components(domain);
    let labels: Vec<&str> = parts
        .iter()
        .filter_map(|it| it.strip_prefix("dc="))
        .collect();
    labels.join(".")
}

/// A form in which two DNs that name the same entry are the same text.
pub fn normalised(dn: &str) -> String {
    components(dn).join(",")
}

/// The first relative DN, and what it lies in: `OU=Staff` and `DC=corp,DC=com`; none of what has no parent.
pub fn split(dn: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    let at = dn.find(|character| {
        let was_escaped = std::mem::take(&mut escaped);
        match character {
            _ if was_escaped => return false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        matches!(character, ',' | ';') && !quoted
    })?;
    Some((trimmed(&dn[..at]), trimmed(&dn[at + 1..])))
}

/// Without the spaces around it. One that is escaped is a part of it.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.trim_end();
    let backslashes = end.len() - end.trim_end_matches('\\').len();
    match text[end.len()..].chars().next() {
        Some(escaped) if backslashes % 2 == 1 => &text[..end.len() + escaped.len_utf8()],
        _ => end,
    }
}

/// The relative DNs in lower case. A separator that is escaped or quoted separates nothing.
fn components(dn: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = dn.chars();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        let Some(part) = parts.last_mut() else { break };
        match character {
            '\\' => {
                part.push(character);
                part.extend(characters.next());
            }
            '"' => {
                quoted = !quoted;
                part.push(character);
            }
            ',' | ';' if !quoted => parts.push(String::new()),
            _ => part.push(character),
        }
    }
    parts
        .iter()
        .map(|part| match part.split_once('=') {
            Some((kind, value)) => format!("{}={}", kind.trim(), trimmed(value)).to_lowercase(),
            None => trimmed(part).to_lowercase(),
        })
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{domain_components, is_within, split};

    #[test]
    fn the_domain_is_what_ends_in_dc() {
        let of = |dn| domain_components(dn);
        assert_eq!(
            of("OU=a,DC=x,OU=b,DC=corp,dc=com").as_deref(),
            Some("dc=corp,dc=com")
        );
        assert_eq!(of("DC=corp").as_deref(), Some("dc=corp"));
        assert_eq!(of("o=corp"), None);
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
    }

    #[test]
    fn an_escaped_comma_separates_nothing() {
        assert!(!is_within(r"CN=x\,OU=Staff,DC=com", "OU=Staff,DC=com"));
        assert!(is_within(r"CN=a\\,OU=Staff,DC=com", "OU=Staff,DC=com"));
    }

    #[test]
    fn an_escaped_space_is_a_part_of_the_name() {
        assert_eq!(split(r"CN=a\  , DC=x"), Some((r"CN=a\ ", "DC=x")));
        assert_eq!(split(r"CN=a\\ , DC=x"), Some((r"CN=a\\", "DC=x")));
        let domain = domain_components(r"OU=a,DC=b\ ,DC=com");
        assert_eq!(domain.as_deref(), Some(r"dc=b\ ,dc=com"));
        assert!(is_within(r"OU=a,DC=b\ ,DC=com", r"dc=b\ ,dc=com"));
    }

    #[test]
    fn a_dn_lies_in_its_parent() {
        assert_eq!(split("OU=a, DC=x,DC=y"), Some(("OU=a", "DC=x,DC=y")));
        assert_eq!(split(r"CN=b\,c\\,OU=a"), Some((r"CN=b\,c\\", "OU=a")));
        assert_eq!(split(r#"CN="b,c",OU=a"#), Some((r#"CN="b,c""#, "OU=a")));
        assert_eq!(split("DC=com"), None);
    }
}
