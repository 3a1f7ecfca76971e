//! The accounts of this host.

/// The name of an account, else its number.
#[cfg(unix)]
pub fn name(uid: u32) -> String {
    match nix::unistd::User::from_uid(uid.into()) {
        Ok(Some(user)) => user.name,
        _ => format!("#{uid}"),
    }
}
