//! Refused logins: AD's sub-codes of error 49 in words (MS-ERREF 2.2, Win32 error codes).

use super::code::{
    CONFIDENTIALITY_REQUIRED, INVALID_CREDENTIALS, INVALID_DN_SYNTAX, STRONGER_AUTH_REQUIRED,
    UNWILLING_TO_PERFORM,
};

/// The `data …` in AD's diagnostic message of a refused bind: a Windows error code in hexadecimal.
pub fn sub_code(text: &str) -> Option<&str> {
    let rest = text.split_once("data ")?.1;
    let end = rest
        .find(|character: char| !character.is_ascii_hexdigit())
        .unwrap_or(rest.len());
    Some(&rest[..end]).filter(|code| !code.is_empty())
}

/// Why a login was refused.
pub fn reason(code: u32, text: &str) -> Option<String> {
    let said = match code {
        STRONGER_AUTH_REQUIRED => {
            "the server wants an encrypted or signed connection (strongerAuthRequired)"
        }
        CONFIDENTIALITY_REQUIRED => {
            "the server takes no password over a connection without encryption (confidentialityRequired)"
        }
        INVALID_DN_SYNTAX => "the server takes a DN as the name of the account (invalidDNSyntax)",
        UNWILLING_TO_PERFORM => {
            let text = text.trim_matches(['\0', '\n', ' ']);
            return Some(match text {
                "" => "the server does not allow this login (unwillingToPerform)".to_owned(),
                text => {
                    format!("the server does not allow this login (unwillingToPerform): {text}")
                }
            });
        }
        INVALID_CREDENTIALS => return Some(invalid_credentials(text)),
        _ => return None,
    };
    Some(said.to_owned())
}

fn invalid_credentials(text: &str) -> String {
    let Some(data) = sub_code(text) else {
        return "the username or the password is wrong (error 49)".to_owned();
    };
    let reason = match data {
        "525" => "the user does not exist",
        "52e" => "the username or the password is wrong",
        "530" => "the account may not log in at this time of day",
        "531" => "the account may not log in from this host",
        "532" => "the password has expired",
        "533" => "the account is disabled",
        "701" => "the account has expired",
        "773" => "the password must be changed before the first login",
        "775" => "the account is locked out",
        _ => "the login was refused",
    };
    format!("{reason} (AD error data {data})")
}
