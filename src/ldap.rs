//! LDAP itself: how it is encoded, and how it compares.

pub mod ber;
pub mod dn;
pub mod standard;
pub mod text;
