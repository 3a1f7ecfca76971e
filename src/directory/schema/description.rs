//! The description of an attribute type, as a subschema has it (RFC 4512, 4.1.2).

/// An attribute type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeType {
    /// Its object identifier.
    pub oid: String,
    /// Its names, the one that servers use first; may be empty.
    pub names: Vec<String>,
    /// Its supertype.
    pub supertype: Option<String>,
    /// Its equality matching rule.
    pub equality: Option<String>,
    /// Its substring matching rule.
    pub substring: Option<String>,
    /// The object identifier of its syntax, without a length.
    pub syntax: Option<String>,
}

impl AttributeType {
    /// Parses a description; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens = Tokens(text);
        if tokens.next()? != Token::Open {
            return None;
        }
        let mut parsed = Self {
            oid: tokens.next()?.text()?.to_owned(),
            ..Self::default()
        };
        while let Some(token) = tokens.next() {
            let Token::Word(keyword) = token else {
                continue;
            };
            match keyword {
                "NAME" => parsed.names = tokens.names()?,
                "SUP" => parsed.supertype = Some(tokens.next()?.text()?.to_owned()),
                "EQUALITY" => parsed.equality = Some(tokens.next()?.text()?.to_owned()),
                "SUBSTR" => parsed.substring = Some(tokens.next()?.text()?.to_owned()),
                "SYNTAX" => {
                    let syntax = tokens.next()?.text()?;
                    let oid = syntax.split('{').next();
                    parsed.syntax = Some(oid.filter(|it| !it.is_empty())?.to_owned());
                }
                // The rest does not matter here.
                _ => {}
            }
        }
        Some(parsed)
    }
}

/// A token of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    /// A quoted string. AD quotes the syntax, too.
    Quoted(&'a str),
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Quoted(text) | Self::Word(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    /// One name, or a list of them in parentheses.
    fn names(&mut self) -> Option<Vec<String>> {
        match self.next()? {
            Token::Open => {
                let mut names = Vec::new();
                loop {
                    match self.next()? {
                        Token::Close => return Some(names),
                        token => names.push(token.text()?.to_owned()),
                    }
                }
            }
            token => Some(vec![token.text()?.to_owned()]),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let (token, rest) = match first {
            '(' => (Token::Open, &text[1..]),
            ')' => (Token::Close, &text[1..]),
            '\'' => {
                let (quoted, rest) = text[1..].split_once('\'')?;
                (Token::Quoted(quoted), rest)
            }
            _ => {
                let end = text.find(|it: char| it.is_whitespace() || "()'".contains(it));
                let (word, rest) = text.split_at(end.unwrap_or(text.len()));
                (Token::Word(word), rest)
            }
        };
        self.0 = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> AttributeType {
        AttributeType::parse(text).expect("a description")
    }

    #[test]
    fn descriptions_of_several_servers() {
        let openldap = parse(
            "( 2.5.4.4 NAME ( 'sn' 'surname' ) DESC 'RFC2256: last (family) name(s) NAME' SUP name )",
        );
        assert_eq!(openldap.oid, "2.5.4.4");
        assert_eq!(openldap.names, ["sn", "surname"]);
        assert_eq!(openldap.supertype.as_deref(), Some("name"));
        assert_eq!((openldap.equality, openldap.syntax), (None, None));

        let directory_server = parse(
            "( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822mailbox' )  EQUALITY caseIgnoreIA5Match \
             SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{256} X-ORIGIN 'RFC 4524' X-DEPRECATED 'rfc822mailbox' )",
        );
        assert_eq!(directory_server.names, ["mail", "rfc822mailbox"]);
        assert_eq!(
            directory_server.equality.as_deref(),
            Some("caseIgnoreIA5Match")
        );
        assert_eq!(
            directory_server.syntax.as_deref(),
            Some("1.3.6.1.4.1.1466.115.121.1.26")
        );

        let active_directory = parse(
            "( 1.2.840.113556.1.4.2 NAME 'objectGUID' SYNTAX '1.3.6.1.4.1.1466.115.121.1.40' SINGLE-VALUE NO-USER-MODIFICATION )",
        );
        assert_eq!(active_directory.names, ["objectGUID"]);
        assert_eq!(
            active_directory.syntax.as_deref(),
            Some("1.3.6.1.4.1.1466.115.121.1.40")
        );
    }

    #[test]
    fn spaces_are_not_needed_where_nothing_can_be_mixed_up() {
        let dense = parse("(1.2.3 NAME('a''b')SUP name)");
        assert_eq!(dense.names, ["a", "b"]);
        assert_eq!(dense.supertype.as_deref(), Some("name"));
    }

    #[test]
    fn what_is_no_description_is_none() {
        for text in [
            "",
            "2.5.4.4",
            "(",
            "( )",
            "( ( NAME 'a' ) )",
            "( 1.2 NAME",
            "( 1.2 NAME ( 'a'",
            "( 1.2 NAME ( 'a' ( 'b' ) ) )",
            "( 1.2 SYNTAX )",
            "( 1.2 SYNTAX {256} )",
        ] {
            assert_eq!(AttributeType::parse(text), None, "{text:?}");
        }
        assert_eq!(parse("( 1.2 DESC 'open").names, [""; 0]);
    }
}
