//! What an administrator can do about a refusal.

use scim::{Error, ScimType};

/// Why a request was refused, where status and keyword do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no `Authorization` header.
    NoToken,
    /// The header is no bearer token.
    NotBearer,
    /// The token is cut off or mistyped.
    Malformed,
    /// The token was revoked, or is nobody's.
    Unknown,
    /// The token has expired.
    Expired,
    /// The token is another tenant's.
    OtherTenant,
    /// "SCIM for Authentication" is off.
    SwitchedOff,
    /// A read-only token writes.
    ReadOnly,
    /// A filter on discovery.
    FilteredDiscovery,
}

/// What to do about a refusal.
pub(super) fn fix(error: &Error, reason: Option<Reason>) -> &'static str {
    if let Some(reason) = reason {
        return by_reason(reason);
    }
    match (error.scim_type, error.status) {
        (Some(scim_type), _) => by_type(scim_type),
        (None, status) => by_status(status),
    }
}

fn by_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::NoToken => {
            "Give the client the tenant's token as its secret token, and make it send it as a bearer token (in Okta: HTTP \
             Header; in Entra ID: Secret Token). `provost token create TENANT` makes one."
        }
        Reason::NotBearer => {
            "Make the client send the token as a bearer token: no user and password, no word but Bearer before the token, \
             no quotes around it."
        }
        Reason::Malformed => {
            "Copy the token into the client again, all of it: it begins with provost_scim_ and has no spaces. Where it was \
             lost, `provost token rotate TENANT` makes a new one."
        }
        Reason::Unknown => {
            "`provost token list TENANT` shows the tokens that are open. Where the client's was revoked on purpose, give it \
             the one that took its place; else make one with `provost token create TENANT`."
        }
        Reason::Expired => {
            "Make a new token with `provost token rotate TENANT ID`, and give it to the client."
        }
        Reason::OtherTenant => {
            "Address and token of the client belong to two tenants: compare its Tenant URL with `provost tenant show TENANT`, \
             or give it a token of this tenant."
        }
        Reason::SwitchedOff => {
            "Switch \"SCIM for Authentication\" on for the tenant; until then no client can do anything in it."
        }
        Reason::ReadOnly => {
            "Give the client a token that may write, or make it only read: this one was made to read only."
        }
        Reason::FilteredDiscovery => "Make the client read schemas and resource types without a filter.",
    }
}

fn by_type(scim_type: ScimType) -> &'static str {
    match scim_type {
        ScimType::InvalidFilter => {
            "Correct the filter in the client's matching or mapping settings: attributes by their names in /Schemas, strings \
             in double quotes, and only operators that the type of the attribute has."
        }
        ScimType::TooMany => {
            "Make the client look for userName, externalId, displayName, emails.value or id by eq, which need no search \
             through everything."
        }
        ScimType::Uniqueness => {
            "Find the resource that the cause names. Where it is the same person or group, make the client match it instead \
             of creating it (matching attribute); else change the value of one of the two."
        }
        ScimType::Mutability => {
            "Take the attribute out of the client's mappings, or map it only on creation: it cannot be changed, or cannot be \
             removed because it is required."
        }
        ScimType::InvalidSyntax => {
            "The client sends what is no SCIM message: look at its body here, and at the client's version and settings; the \
             vendor has to correct it where there are none."
        }
        ScimType::InvalidPath => {
            "Correct the target attribute in the client's mapping: it must be one of /Schemas, with its URN where it belongs \
             to an extension. Where the extension is missing in the tenant, define it."
        }
        ScimType::NoTarget => {
            "The value that the client wants to change is not there: let it read the resource anew, or make it send the \
             value with the filter's attributes."
        }
        ScimType::InvalidValue => {
            "Correct the mapping of the attribute that the cause names: the value is missing, of another type, or not one of \
             those allowed."
        }
        ScimType::InvalidVers => "Correct the Tenant URL of the client: it ends in /api/scim/v2.",
        ScimType::Sensitive => {
            "Make the client search by POST to /.search, so that secrets stay out of URLs."
        }
        ScimType::InvalidCursor | ScimType::ExpiredCursor => {
            "The client goes on from a place that does not exist: let it begin anew from the start of the list or feed."
        }
        ScimType::InvalidCount => "Make the client ask for a number of resources that is not negative.",
    }
}

fn by_status(status: u16) -> &'static str {
    match status {
        403 => "Ask whoever administers the tenant for the right to do this.",
        404 => {
            "Where the path is wrong, correct the Tenant URL of the client: it ends in /api/scim/v2. Where the resource is \
             gone, let the client look for it anew (in Entra ID: restart provisioning)."
        }
        405 => {
            "The client uses a method that this place does not have: see `Allow` in the answer, and its settings."
        }
        408 => "The client or the line sends too slowly: look at proxies between it and this server.",
        409 => "The request refers to something that the request itself did not make: look at its bulkIds.",
        410 => "Let the client begin anew from the start.",
        412 => {
            "Somebody else changed the resource in between: the client reads it again and repeats the change."
        }
        413 => {
            "Make the client send less at once: smaller pages of members, fewer operations of a bulk request."
        }
        415 => "Make the client send application/scim+json, as it is, without compression.",
        429 => {
            "The client is faster than the tenant may be. It goes on by itself after Retry-After; where that is too slow, \
             raise the tenant's requestsPerSecond."
        }
        501 => {
            "Make the client work without this: it is not served here, and /ServiceProviderConfig says so."
        }
        503 => {
            "The server is busy or ending: the client tries again after a moment. Look at its log where that lasts."
        }
        500.. => "Look at the log of the server at this time, and report it if it shows a defect.",
        _ => "Look at the request and its cause here, and at the settings of the client.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_of_refusal_has_a_fix_of_its_own() {
        use Reason::*;
        let reasons = [
            NoToken,
            NotBearer,
            Malformed,
            Unknown,
            Expired,
            OtherTenant,
            SwitchedOff,
            ReadOnly,
            FilteredDiscovery,
        ];
        let types = [
            ScimType::InvalidFilter,
            ScimType::InvalidPath,
            ScimType::NoTarget,
            ScimType::Mutability,
            ScimType::InvalidValue,
            ScimType::Uniqueness,
            ScimType::TooMany,
            ScimType::InvalidSyntax,
            ScimType::InvalidVers,
        ];
        let statuses = [403, 404, 405, 408, 409, 412, 413, 415, 429, 500, 501, 503];
        let all: Vec<&str> = reasons
            .map(|reason| fix(&Error::new(401, ""), Some(reason)))
            .into_iter()
            .chain(types.map(|scim_type| fix(&Error::of(scim_type, ""), None)))
            .chain(statuses.map(|status| fix(&Error::new(status, ""), None)))
            .collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert!(all.iter().all(|words| words.ends_with('.') && words.len() > 40));
    }
}
