//! LDIF (RFC 2849): content records and change records, and doing what they say.

use anyhow::{Context, Result, bail};

use crate::directory::{Directory, Modification};

#[derive(Debug, PartialEq, Eq)]
struct Record {
    dn: String,
    change: Change,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Add(Vec<(String, Vec<u8>)>),
    Modify(Vec<Modification>),
    Delete,
    ModifyDn {
        new_rdn: String,
        new_parent: Option<String>,
    },
}

/// A line after unfolding: `name: value`, or the `-` that ends a modification.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Value(String, Vec<u8>),
    End,
}

impl Directory {
    /// Does what LDIF records say, one after the other; a record without a
    /// `changetype` is an entry to be added. Returns the number of records.
    /// Stops at the first that fails, leaving those before it done.
    pub fn load_ldif(&mut self, text: &str) -> Result<usize> {
        let records = parse(text)?;
        for record in &records {
            self.apply_record(record)
                .with_context(|| format!("cannot apply the LDIF record of {}", record.dn))?;
        }
        Ok(records.len())
    }

    fn apply_record(&mut self, record: &Record) -> Result<()> {
        let dn = &record.dn;
        match &record.change {
            Change::Add(attributes) => {
                let attributes = attributes
                    .iter()
                    .map(|(name, value)| (name, value.as_slice()));
                self.add(dn, attributes).map(|_| ())
            }
            Change::Modify(modifications) => self.modify(dn, modifications),
            Change::Delete => self.delete(dn),
            Change::ModifyDn {
                new_rdn,
                new_parent,
            } => self.modify_dn(dn, Some(new_rdn), new_parent.as_deref()),
        }
    }
}

fn parse(text: &str) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut lines = Vec::new();
    for (number, line) in unfold(text) {
        if line.is_empty() {
            records.extend(parse_record(std::mem::take(&mut lines))?);
        } else if !line.starts_with('#') {
            let line = parse_line(&line).with_context(|| format!("LDIF line {number}"))?;
            lines.push(line);
        }
    }
    records.extend(parse_record(lines)?);
    Ok(records)
}

/// Joins continuation lines, which begin with a space, to the line before.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        match (line.strip_prefix(' '), lines.last_mut()) {
            (Some(rest), Some((_, last))) if !last.is_empty() => last.push_str(rest),
            _ => lines.push((i + 1, line.to_owned())),
        }
    }
    lines
}

fn parse_line(line: &str) -> Result<Line> {
    if line == "-" {
        return Ok(Line::End);
    }
    let (name, value) = line
        .split_once(':')
        .with_context(|| format!("there is no colon in {line:?}"))?;
    let value = if let Some(encoded) = value.strip_prefix(':') {
        base64(encoded.trim()).with_context(|| format!("{name}:: is not base64"))?
    } else if value.starts_with('<') {
        bail!("values from a URL are not supported");
    } else {
        value.trim_start_matches(' ').as_bytes().to_vec()
    };
    Ok(Line::Value(name.trim().to_owned(), value))
}

fn parse_record(lines: Vec<Line>) -> Result<Option<Record>> {
    let mut values = Vec::new();
    let mut lines = lines.into_iter().peekable();
    let first = loop {
        match lines.next() {
            None => return Ok(None),
            Some(Line::Value(name, _)) if name.eq_ignore_ascii_case("version") => {}
            Some(Line::Value(name, dn)) if name.eq_ignore_ascii_case("dn") => break dn,
            Some(other) => bail!("an LDIF record begins with dn:, not {other:?}"),
        }
    };
    let dn = String::from_utf8(first).context("a DN in the LDIF is not UTF-8")?;
    let is_changetype = |line: &Line| matches!(line, Line::Value(name, _) if name.eq_ignore_ascii_case("changetype"));
    let changetype = match lines.next_if(is_changetype) {
        Some(Line::Value(_, value)) => String::from_utf8_lossy(&value).trim().to_lowercase(),
        _ => "add".to_owned(),
    };
    let change = match changetype.as_str() {
        "modify" => Change::Modify(parse_modifications(lines)?),
        "delete" => Change::Delete,
        "add" | "modrdn" | "moddn" => {
            for line in lines {
                match line {
                    Line::Value(name, value) => values.push((name, value)),
                    Line::End => bail!("a lone - in the LDIF record of {dn}"),
                }
            }
            if changetype == "add" {
                Change::Add(values)
            } else {
                modify_dn(&values)?
            }
        }
        other => bail!("the changetype {other} of {dn} is not known"),
    };
    Ok(Some(Record { dn, change }))
}

/// `deleteoldrdn` is read over: AD always deletes the old RDN.
fn modify_dn(values: &[(String, Vec<u8>)]) -> Result<Change> {
    let value = |wanted: &str| {
        let mut values = values.iter();
        let found = values.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    Ok(Change::ModifyDn {
        new_rdn: value("newrdn").context("modrdn needs a newrdn:")?,
        new_parent: value("newsuperior"),
    })
}

fn parse_modifications(lines: impl Iterator<Item = Line>) -> Result<Vec<Modification>> {
    let mut modifications = Vec::new();
    let mut open: Option<Modification> = None;
    for line in lines {
        let Line::Value(name, value) = line else {
            modifications.extend(open.take());
            continue;
        };
        match &mut open {
            None => open = Some(begin_modification(&name, &value)?),
            Some(
                Modification::Add(attribute, values)
                | Modification::Delete(attribute, values)
                | Modification::Replace(attribute, values),
            ) => {
                if !attribute.eq_ignore_ascii_case(&name) {
                    bail!("values of {name} in a modification of {attribute}");
                }
                values.push(value);
            }
        }
    }
    modifications.extend(open);
    Ok(modifications)
}

fn begin_modification(operation: &str, attribute: &[u8]) -> Result<Modification> {
    let attribute = String::from_utf8_lossy(attribute).trim().to_owned();
    Ok(match operation.to_lowercase().as_str() {
        "add" => Modification::Add(attribute, Vec::new()),
        "delete" => Modification::Delete(attribute, Vec::new()),
        "replace" => Modification::Replace(attribute, Vec::new()),
        other => bail!("a modification is add, delete or replace, not {other}"),
    })
}

fn base64(text: &str) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => bail!("{:?} is no base64 digit", char::from(byte)),
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(((bits >> count) & 0xff) as u8);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_base64_and_comments() {
        let text = "version: 1\n# a comment\n that goes on\ndn: CN=a,\n DC=x\ncn: a\n\
                    sn:: w4XDpA==\ndescription:\n\n\n";
        let attributes = [("cn", "a"), ("sn", "Åä"), ("description", "")];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value.into()));
        let expected = Record {
            dn: "CN=a,DC=x".to_owned(),
            change: Change::Add(attributes.to_vec()),
        };
        assert_eq!(parse(text).unwrap(), [expected]);
    }

    #[test]
    fn change_records() {
        let text = "dn: CN=a\nchangetype: modify\nreplace: mail\nmail: b\n-\ndelete: sn\n-\n\
                    add: cn\ncn: c\ncn: d\n\ndn: CN=a\nchangetype: delete\n\n\
                    dn: CN=a\nchangetype: modrdn\nnewrdn: CN=b\ndeleteoldrdn: 1\nnewsuperior: DC=y";
        let changes: Vec<_> = parse(text).unwrap().into_iter().map(|r| r.change).collect();
        assert_eq!(
            changes,
            [
                Change::Modify(vec![
                    Modification::Replace("mail".into(), vec![b"b".to_vec()]),
                    Modification::Delete("sn".into(), vec![]),
                    Modification::Add("cn".into(), vec![b"c".to_vec(), b"d".to_vec()]),
                ]),
                Change::Delete,
                Change::ModifyDn {
                    new_rdn: "CN=b".into(),
                    new_parent: Some("DC=y".into())
                },
            ]
        );
    }

    #[test]
    fn what_is_no_ldif_is_refused_with_its_line() {
        let error = parse("dn: CN=a\nno colon").unwrap_err();
        assert!(format!("{error:#}").contains("line 2"), "{error:#}");
        assert!(parse("cn: a").is_err());
        assert!(parse("dn: CN=a\nsn:: !").is_err());
        assert!(parse("dn: CN=a\nchangetype: dance").is_err());
    }
}
