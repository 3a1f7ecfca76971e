//! adsync keeps the users an application imported from Active Directory in step with it.

pub mod compare;
pub mod exit_code;
pub mod plan;
pub mod user;
