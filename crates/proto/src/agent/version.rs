//! The version of the agent and tailnet APIs (spec `agent-rpc.md` 1.2): parse it and decide whether we serve it.
//!
//! There is no downgrade handshake: a client names the version it needs in the query and is accepted or refused.

/// The newest version that we serve.
pub const VERSION: ApiVersion = ApiVersion { major: 2, minor: 10 };

/// `MAJOR.MINOR`. A missing version in a request means [`ApiVersion::DEFAULT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Incompatible generation.
    pub major: u32,
    /// Compatible additions.
    pub minor: u32,
}

/// The text is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an API version must be two decimal numbers with a dot between them")]
pub struct VersionError;

impl ApiVersion {
    /// What a request without a version asks for.
    pub const DEFAULT: Self = Self { major: 2, minor: 0 };

    /// A version.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }

    /// Whether our server serves this version: 2.0 up to [`VERSION`].
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        self.major == VERSION.major && self.minor <= VERSION.minor
    }
}

impl std::str::FromStr for ApiVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let (major, minor) = text.split_once('.').ok_or(VersionError)?;
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn number(text: &str) -> Result<u32, VersionError> {
    // `parse` alone would take a leading plus sign.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VersionError);
    }
    text.parse().map_err(|_| VersionError)
}
