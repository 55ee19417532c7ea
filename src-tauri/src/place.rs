//! The name under which a deployment is known here: its URL in one spelling. No secret is in it.

use url::Url;

/// A deployment's URL, as the tunnel knows it too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(String);

impl Place {
    /// The place of a URL.
    pub fn of(url: &Url) -> Self {
        Self(url.to_string())
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL.
    pub fn url(&self) -> Option<Url> {
        Url::parse(&self.0).ok()
    }

    /// Host, and port where it is not the usual one: what people call it.
    pub fn host(&self) -> String {
        let Some(url) = self.url() else { return self.0.clone() };
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        }
    }

    /// A page of the dashboard; each segment is escaped, so that no name can change the path.
    pub fn page(&self, segments: &[&str]) -> Option<Url> {
        let mut url = self.url()?;
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        Some(url)
    }
}
