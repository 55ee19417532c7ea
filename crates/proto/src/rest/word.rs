//! The macro that writes enumerations of wire words; it tolerates words it does not know.

/// Declares a `Copy` enumeration whose variants are words on the wire. The first variant is the default.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $first:ident = $first_word:literal $(, $variant:ident = $word:literal)* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[allow(missing_docs)]
        pub enum $name {
            #[default]
            $first,
            $($variant,)*
            /// A word of a newer or older peer.
            Unknown,
        }

        impl $name {
            /// The word on the wire; `unknown` for [`Self::Unknown`].
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)*
                    Self::Unknown => "unknown",
                }
            }

            /// Reads a word; what is not known is [`Self::Unknown`].
            #[must_use]
            pub fn from_word(word: &str) -> Self {
                match word {
                    $first_word => Self::$first,
                    $($word => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        #[cfg(test)]
        impl ts_rs::TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn name(_: &ts_rs::Config) -> String {
                stringify!($name).to_owned()
            }

            fn inline(_: &ts_rs::Config) -> String {
                let words = [$first_word, $($word,)* "unknown"];
                words.map(|word| format!("{word:?}")).join(" | ")
            }

            fn decl(to: &ts_rs::Config) -> String {
                format!("type {} = {};", Self::name(to), Self::inline(to))
            }

            fn output_path() -> Option<std::path::PathBuf> {
                Some(concat!(stringify!($name), ".ts").into())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let word = <Option<std::borrow::Cow<'de, str>> as serde::Deserialize>::deserialize(from)?;
                Ok(word.map_or_else(Self::default, |word| Self::from_word(&word)))
            }
        }
    };
}

pub(crate) use words;
