//! Users made with one line, for setting the stage of a test.

use anyhow::Result;
use uuid::Uuid;

use crate::directory::Directory;
use crate::dn::escape_value;
use crate::settings::Kind;

/// A user to be added. `User::new("alice")` has a value in every field.
#[derive(Clone, Debug)]
pub struct User {
    username: String,
    common_name: String,
    parent: Option<String>,
    attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl User {
    /// A user with a first name (the username with a capital letter), the last
    /// name `Example`, an address at `example.com` and a telephone number.
    #[must_use]
    pub fn new(username: &str) -> Self {
        let mut letters = username.chars();
        let first = letters.next().map(char::to_uppercase);
        let first_name: String = first.into_iter().flatten().chain(letters).collect();
        Self {
            username: username.to_owned(),
            common_name: username.to_owned(),
            parent: None,
            attributes: Vec::new(),
        }
        .first_name(&first_name)
        .last_name("Example")
        .email(&format!("{username}@example.com"))
        .contact_number("+1 555 0100")
    }

    #[must_use]
    pub fn first_name(self, value: &str) -> Self {
        self.with("givenName", [value])
    }

    #[must_use]
    pub fn last_name(self, value: &str) -> Self {
        self.with("sn", [value])
    }

    #[must_use]
    pub fn email(self, value: &str) -> Self {
        self.with("mail", [value])
    }

    #[must_use]
    pub fn contact_number(self, value: &str) -> Self {
        self.with("telephoneNumber", [value])
    }

    /// Disabled in AD: `userAccountControl` 514.
    #[must_use]
    pub fn disabled(self) -> Self {
        self.with("userAccountControl", ["514"])
    }

    /// The value of the RDN, if it is not the username.
    #[must_use]
    pub fn common_name(mut self, value: &str) -> Self {
        value.clone_into(&mut self.common_name);
        self
    }

    /// The parent's DN; relative to the base DN if it does not end with it: `OU=Sales`.
    #[must_use]
    pub fn below(mut self, parent: &str) -> Self {
        self.parent = Some(parent.to_owned());
        self
    }

    /// Sets any attribute.
    #[must_use]
    pub fn with<V: Into<Vec<u8>>>(
        mut self,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.attributes
            .retain(|(name, _)| !name.eq_ignore_ascii_case(attribute));
        self.attributes.push((attribute.to_owned(), values));
        self
    }

    /// Leaves an attribute out, the username or the UPN too.
    #[must_use]
    pub fn without(self, attribute: &str) -> Self {
        self.with(attribute, Vec::<Vec<u8>>::new())
    }
}

impl From<&str> for User {
    fn from(username: &str) -> Self {
        Self::new(username)
    }
}

impl Directory {
    /// Adds a user, below `OU=Staff` unless another parent was given.
    pub fn add_user(&mut self, user: impl Into<User>) -> Result<Uuid> {
        let user = user.into();
        let base = self.base().to_string();
        let (rdn, name_attribute, class) = match self.kind() {
            Kind::ActiveDirectory => ("CN", "sAMAccountName", "user"),
            Kind::PlainLdap => ("uid", "uid", "inetOrgPerson"),
        };
        let parent = user.parent.as_deref().unwrap_or("OU=Staff");
        let parent = if parent.to_lowercase().ends_with(&base.to_lowercase()) {
            parent.to_owned()
        } else {
            format!("{parent},{base}")
        };
        let mut attributes = vec![("objectClass".to_owned(), class.into())];
        let given = |name: &str| {
            let mut names = user.attributes.iter().map(|(own, _)| own);
            names.any(|own| own.eq_ignore_ascii_case(name))
        };
        if !given(name_attribute) {
            attributes.push((name_attribute.to_owned(), user.username.clone().into()));
        }
        match self.kind() {
            Kind::ActiveDirectory if !given("userPrincipalName") => {
                let upn = format!("{}@{}", user.username, self.base().dns_domain());
                attributes.push(("userPrincipalName".to_owned(), upn.into()));
            }
            Kind::PlainLdap => attributes.push(("cn".to_owned(), user.common_name.clone().into())),
            Kind::ActiveDirectory => {}
        }
        for (name, values) in user.attributes {
            attributes.extend(values.into_iter().map(|value| (name.clone(), value)));
        }
        let dn = format!("{rdn}={},{parent}", escape_value(&user.common_name));
        self.add(&dn, attributes)
    }

    /// Adds this many users, `u000001` and on, with a value in every field.
    pub fn add_users(&mut self, count: usize) -> Result<()> {
        for i in 1..=count {
            self.add_user(
                User::new(&format!("u{i:06}"))
                    .first_name(&format!("First{i}"))
                    .last_name(&format!("Last{i}"))
                    .contact_number(&format!("+1 555 {i:07}")),
            )?;
        }
        Ok(())
    }
}
