//! The list of deployments that there is a session at: `accounts.json`, without secrets. Pure.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

/// Deployments that are listed at most: far more than anybody has.
pub const MAX_ACCOUNTS: usize = 64;

/// Where a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the Secret Service of the desktop.
    Keyring,
    /// In a file that only its owner can read.
    File,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its URL.
    #[serde(serialize_with = "write_url", deserialize_with = "read_url")]
    pub url: Url,
    /// Where its token is.
    pub kept: Place,
}

/// The list, in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    /// One per deployment.
    pub accounts: Vec<Entry>,
}

impl Index {
    /// Reads the file's text. One that is damaged is an error, not an empty list: it would be written over.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The file's text.
    pub fn print(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The entry of a deployment.
    pub fn find(&self, url: &Url) -> Option<&Entry> {
        self.accounts.iter().find(|entry| is_same(&entry.url, url))
    }

    /// Adds a deployment, or says where its token is now. The oldest go when there are too many.
    pub fn set(&mut self, url: &Url, kept: Place) {
        match self.accounts.iter_mut().find(|entry| is_same(&entry.url, url)) {
            Some(entry) => *entry = Entry { url: url.clone(), kept },
            None => self.accounts.push(Entry { url: url.clone(), kept }),
        }
        let too_many = self.accounts.len().saturating_sub(MAX_ACCOUNTS);
        self.accounts.drain(..too_many);
    }

    /// Takes a deployment off.
    pub fn remove(&mut self, url: &Url) {
        self.accounts.retain(|entry| !is_same(&entry.url, url));
    }
}

/// Whether two URLs are of one deployment: a token for one may be sent to the other.
pub fn is_same(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn write_url<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(url.as_str())
}

fn read_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(from)?).map_err(de::Error::custom)
}
