//! Search filters, as the bytes that came (RFC 4511, section 4.5.1.7).
//!
//! `ldap3_proto` has a filter type, but its values are strings, and an
//! `objectGUID` is rarely valid UTF-8. So filters are read here.

use std::fmt;

use anyhow::{Context, Result, bail};
use ldap3_lber::structure::{PL, StructureTag};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Equality(String, Vec<u8>),
    Substrings(String, Substrings),
    GreaterOrEqual(String, Vec<u8>),
    LessOrEqual(String, Vec<u8>),
    Present(String),
    Approximate(String, Vec<u8>),
    Extensible(Extensible),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Substrings {
    pub(crate) initial: Option<Vec<u8>>,
    pub(crate) any: Vec<Vec<u8>>,
    pub(crate) last: Option<Vec<u8>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensible {
    pub(crate) rule: Option<String>,
    pub(crate) attribute: Option<String>,
    pub(crate) value: Vec<u8>,
}

impl Filter {
    pub(crate) fn decode(tag: StructureTag) -> Result<Self> {
        Ok(match tag.id {
            0 => Self::And(decode_all(tag)?),
            1 => Self::Or(decode_all(tag)?),
            2 => {
                let mut inner = decode_all(tag)?;
                match (inner.pop(), inner.is_empty()) {
                    (Some(inner), true) => Self::Not(Box::new(inner)),
                    _ => bail!("NOT takes one filter"),
                }
            }
            3 => {
                let (attribute, value) = decode_assertion(tag)?;
                Self::Equality(attribute, value)
            }
            4 => decode_substrings(tag)?,
            5 => {
                let (attribute, value) = decode_assertion(tag)?;
                Self::GreaterOrEqual(attribute, value)
            }
            6 => {
                let (attribute, value) = decode_assertion(tag)?;
                Self::LessOrEqual(attribute, value)
            }
            7 => Self::Present(text(primitive(tag)?)?),
            8 => {
                let (attribute, value) = decode_assertion(tag)?;
                Self::Approximate(attribute, value)
            }
            9 => decode_extensible(tag)?,
            other => bail!("a filter has no choice {other}"),
        })
    }
}

fn decode_all(tag: StructureTag) -> Result<Vec<Filter>> {
    constructed(tag)?.into_iter().map(Filter::decode).collect()
}

fn decode_assertion(tag: StructureTag) -> Result<(String, Vec<u8>)> {
    let [attribute, value]: [StructureTag; 2] = constructed(tag)?
        .try_into()
        .ok()
        .context("an assertion has an attribute and a value")?;
    Ok((text(primitive(attribute)?)?, primitive(value)?))
}

fn decode_substrings(tag: StructureTag) -> Result<Filter> {
    let [attribute, parts]: [StructureTag; 2] = constructed(tag)?
        .try_into()
        .ok()
        .context("substrings have an attribute and parts")?;
    let mut substrings = Substrings::default();
    for part in constructed(parts)? {
        match part.id {
            0 => substrings.initial = Some(primitive(part)?),
            1 => substrings.any.push(primitive(part)?),
            2 => substrings.last = Some(primitive(part)?),
            other => bail!("a substring has no choice {other}"),
        }
    }
    Ok(Filter::Substrings(text(primitive(attribute)?)?, substrings))
}

fn decode_extensible(tag: StructureTag) -> Result<Filter> {
    let mut extensible = Extensible::default();
    for part in constructed(tag)? {
        match part.id {
            1 => extensible.rule = Some(text(primitive(part)?)?),
            2 => extensible.attribute = Some(text(primitive(part)?)?),
            3 => extensible.value = primitive(part)?,
            4 => {} // dnAttributes: AD ignores it
            other => bail!("an extensible match has no part {other}"),
        }
    }
    Ok(Filter::Extensible(extensible))
}

fn constructed(tag: StructureTag) -> Result<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Ok(parts),
        PL::P(_) => bail!("a part of the filter is primitive that should not be"),
    }
}

fn primitive(tag: StructureTag) -> Result<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Ok(bytes),
        PL::C(_) => bail!("a part of the filter is constructed that should not be"),
    }
}

fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).context("an attribute name is not UTF-8")
}

/// As RFC 4515 writes it; bytes that are not readable text are escaped.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(inner) => write_all(f, '&', inner),
            Self::Or(inner) => write_all(f, '|', inner),
            Self::Not(inner) => write!(f, "(!{inner})"),
            Self::Equality(attribute, value) => write!(f, "({attribute}={})", Escaped(value)),
            Self::GreaterOrEqual(attribute, value) => {
                write!(f, "({attribute}>={})", Escaped(value))
            }
            Self::LessOrEqual(attribute, value) => write!(f, "({attribute}<={})", Escaped(value)),
            Self::Approximate(attribute, value) => write!(f, "({attribute}~={})", Escaped(value)),
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Substrings(attribute, Substrings { initial, any, last }) => {
                write!(
                    f,
                    "({attribute}={}*",
                    Escaped(initial.as_deref().unwrap_or_default())
                )?;
                for part in any {
                    write!(f, "{}*", Escaped(part))?;
                }
                write!(f, "{})", Escaped(last.as_deref().unwrap_or_default()))
            }
            Self::Extensible(Extensible {
                rule,
                attribute,
                value,
            }) => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                write!(f, ":={})", Escaped(value))
            }
        }
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, operator: char, inner: &[Filter]) -> fmt::Result {
    write!(f, "({operator}")?;
    for filter in inner {
        write!(f, "{filter}")?;
    }
    write!(f, ")")
}

struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) if !text.chars().any(char::is_control) => {
                for c in text.chars() {
                    match c {
                        '*' | '(' | ')' | '\\' => write!(f, "\\{:02x}", u32::from(c))?,
                        _ => write!(f, "{c}")?,
                    }
                }
                Ok(())
            }
            _ => self.0.iter().try_for_each(|byte| write!(f, "\\{byte:02x}")),
        }
    }
}
