//! Banners that the deployment's owner shows at login (spec `agent-rpc.md` 5.3).

/// Asks for the oldest form of the banner.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct GetServiceBannerRequest {}

/// The oldest form of a banner.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct ServiceBanner {
    /// Whether to show it.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
    /// Its text.
    #[prost(string, tag = "2")]
    pub message: String,
    /// `#rrggbb`.
    #[prost(string, tag = "3")]
    pub background_color: String,
}

/// Asks for the banners.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct GetAnnouncementBannersRequest {}

/// All banners, in the order to show them.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct GetAnnouncementBannersResponse {
    /// The banners.
    #[prost(message, repeated, tag = "1")]
    pub announcement_banners: Vec<BannerConfig>,
}

/// A banner.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct BannerConfig {
    /// Whether to show it.
    #[prost(bool, tag = "1")]
    pub enabled: bool,
    /// Its text.
    #[prost(string, tag = "2")]
    pub message: String,
    /// `#rrggbb`.
    #[prost(string, tag = "3")]
    pub background_color: String,
}
