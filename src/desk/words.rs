//! Settings that are one word out of a few: the enum, its words and the parser come from one table.

/// A setting whose value is one of a fixed list of words.
pub trait Word: Copy + Eq + 'static {
    /// Every value, in the order a fault message lists them.
    const ALL: &'static [Self];

    /// The word as it stands in the file and on the wire.
    fn word(self) -> &'static str;

    /// The value of a word; `None` for any other.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

/// Declares an enum together with the words it is written with.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $crate::desk::words::Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::desk::words::Word::word(*self))
            }
        }
    };
}
pub(super) use words;
