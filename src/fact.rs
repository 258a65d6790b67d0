//! What is known of one thing: never encode "unknown" as "absent".

use std::fmt::Display;

/// One observed fact.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// It was looked for and is not there.
    Absent,
    /// It could not be read, and why.
    Unknown(String),
    /// Nobody looked yet.
    #[default]
    Unread,
}

impl<T> Fact<T> {
    /// The value, if it is known.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) | Self::Unread => None,
        }
    }

    /// Whether it is known not to be there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Why it is not known, if so.
    pub fn doubt(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Unread => Some("nobody looked yet"),
            Self::Known(_) | Self::Absent => None,
        }
    }
}

impl<T> From<Option<T>> for Fact<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Known)
    }
}

/// An error in one line of at most 300 characters.
pub fn brief(error: &impl Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}
