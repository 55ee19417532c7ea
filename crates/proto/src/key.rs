//! The two key pairs of a mesh peer: the node key (WireGuard and relay) and the disco key (path discovery).
//!
//! Text and binary forms: spec `derp-disco-stun.md` 3 and `tailnet.md` 3. Private halves never print and are wiped on
//! drop. Randomness comes from the caller: this package has none.

use x25519_dalek::{PublicKey, StaticSecret};

/// Why a key could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text or binary prefix is another one.
    #[error("the key has the wrong prefix")]
    Prefix,
    /// The key is not 32 bytes long.
    #[error("the key has the wrong length")]
    Length,
    /// The text form has something else than hex digits.
    #[error("the key has characters that are not hex digits")]
    Hex,
}

fn from_hex(text: &str, prefix: &str) -> Result<[u8; 32], KeyError> {
    let digits = text.strip_prefix(prefix).ok_or(KeyError::Prefix)?;
    let mut key = [0; 32];
    if digits.len() != 64 {
        return Err(KeyError::Length);
    }
    hex::decode_to_slice(digits, &mut key).map_err(|_| KeyError::Hex)?;
    Ok(key)
}

macro_rules! pair {
    ($private:ident, $public:ident, $prefix:literal, $what:literal) => {
        #[doc = concat!("Private half of the ", $what, " key.")]
        #[derive(Clone)]
        pub struct $private(StaticSecret);

        impl $private {
            /// Makes a key of 32 random bytes that the caller drew; they are clamped as X25519 asks.
            #[must_use]
            pub fn from_bytes(random: [u8; 32]) -> Self {
                Self(StaticSecret::from(random))
            }

            /// The raw secret, for the cipher that needs it.
            #[must_use]
            pub fn expose(&self) -> [u8; 32] {
                self.0.to_bytes()
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> $public {
                $public(PublicKey::from(&self.0).to_bytes())
            }
        }

        impl std::fmt::Debug for $private {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($private), "(…)"))
            }
        }

        #[doc = concat!("Public half of the ", $what, " key: 32 bytes.")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $public(pub [u8; 32]);

        impl std::fmt::Display for $public {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $public {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}…"), hex::encode(&self.0[..4]))
            }
        }

        impl std::str::FromStr for $public {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                from_hex(text, $prefix).map(Self)
            }
        }
    };
}

pair!(NodePrivate, NodePublic, "nodekey:", "node (WireGuard, relay)");
pair!(DiscoPrivate, DiscoPublic, "discokey:", "disco (path discovery)");

impl NodePublic {
    /// Binary form in `Node.key`: ASCII `np` and the 32 bytes.
    #[must_use]
    pub fn to_wire(self) -> Vec<u8> {
        [b"np".as_slice(), &self.0].concat()
    }

    /// Reads the binary form of `Node.key`.
    ///
    /// # Errors
    /// [`KeyError`] when the prefix or the length is wrong.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = bytes.strip_prefix(b"np").ok_or(KeyError::Prefix)?;
        key.try_into().map(Self).map_err(|_| KeyError::Length)
    }
}
