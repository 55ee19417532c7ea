//! Which API versions the RPC endpoints accept (spec `agent-rpc.md` 1.2), and whether a daemon's own version is one.

#[cfg(test)]
mod tests;

use proto::agent::{ApiVersion, VERSION};

use crate::http::error::ApiError;

/// Longest version text that is looked at.
const MAX_LENGTH: usize = 256;

/// Reads the version that a client asks for.
///
/// # Errors
/// 400 with the validation field `version`, which clients know how to read.
pub fn accept(text: &str) -> Result<ApiVersion, ApiError> {
    let refuse =
        |detail: String| ApiError::bad_request("Unknown or unsupported API version").with_field("version", detail);
    let version: ApiVersion = text.parse().map_err(|error: proto::agent::VersionError| refuse(error.to_string()))?;
    if version.is_accepted() {
        Ok(version)
    } else {
        Err(refuse(format!("server is at version {VERSION}, behind requested version {version}")))
    }
}

/// Whether a text is a semantic version with a leading `v`; minor and patch may be left out, as Go has it.
#[must_use]
pub fn is_semver(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v').filter(|_| text.len() <= MAX_LENGTH) else { return false };
    let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let numbers: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    let is_words = |words: &str| {
        words
            .split('.')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
    };
    let is_full = numbers.len() == 3;
    numbers.len() <= 3
        && numbers.iter().all(is_number)
        && pre.is_none_or(|pre| is_full && is_words(pre))
        && build.is_none_or(|build| is_full && is_words(build))
}
